// SPDX-License-Identifier: Apache-2.0
//
// gale keygen [DIR]: key pairs for a cluster, one a role, and what is to be copied where.
#include "engine/keys/key_file.hpp"
#include "supervisor/cli/commands.hpp"

#include <boost/program_options.hpp>

#include <algorithm>
#include <cstdio>
#include <filesystem>
#include <iterator>
#include <string>
#include <system_error>
#include <vector>

namespace gale::cli {
namespace po = boost::program_options;
namespace fs = std::filesystem;
namespace {

using keys::Role;

/// Where the files of a whole set belong.
constexpr const char* kWhere =
    "\nwhere they belong, each below the folder of keys of that host (chmod 600 *.key):\n"
    "  the master        master.key master.pub authorized/supervisor.pub authorized/client.pub\n"
    "  each supervisor   supervisor.key supervisor.pub worker.key worker.pub master.pub authorized/worker.pub\n"
    "  who uses gale     client.key client.pub master.pub\n"
    "Who has a role's .key is that role: keep them, by scp -p or the like, from everybody else.\n"
    "To shut somebody out remove his file from authorized/: it counts at once.\n";

/// Where the public half of a pair that was made alone has to be known.
std::string known_at(Role role) {
  const std::string file = std::string(keys::text_of(role)) + ".pub";
  switch (role) {
    case Role::kMaster:
      return file + " to each supervisor and each user, beside their own keys";
    case Role::kWorker:
      return "worker.key and " + file + " to all other supervisors, and " + file + " to authorized/" + file +
             " of each, this one too: workers of one cluster share a pair";
    case Role::kSupervisor:
    case Role::kClient:
      return file + " to the master, as authorized/" + std::string(keys::text_of(role)) + "-NAME.pub";
  }
  return file;
}

class Keygen final : public Command {
 public:
  Keygen() {
    option()(
        "role", po::value(&names_)->composing()->value_name("NAME"),
        "of that role alone: master, supervisor, worker or client (default: all four, which then trust each other)");
  }
  [[nodiscard]] About about() const override {
    return {
        .name = "keygen",
        .summary = "makes the keys of a cluster",
        .text =
            "Makes a key pair a role, ROLE.key with mode 0600 and ROLE.pub, in DIR: $GALE_KEYS unless given, else\n"
            "/etc/gale/keys for root and ~/.config/gale/keys for others. Replaces nothing. Says what to copy where.",
        .operands = {.word = "folder", .mark = "DIR", .required = false},
        .status_2 = "bad usage, or the keys cannot be made"};
  }
  int run(const std::vector<std::string>& folders) override {
    const fs::path dir = folders.empty() ? keys::default_dir() : fs::path(folders.front());
    std::vector<Role> roles;
    for (const std::string& name : names_) {
      const auto role = keys::role_of(name);
      if (!role) return refuse("no role '" + name + "'; there are master, supervisor, worker and client");
      if (std::find(roles.begin(), roles.end(), *role) == roles.end()) roles.push_back(*role);
    }
    const bool whole = roles.empty();
    if (whole) roles.assign(std::begin(keys::kRoles), std::end(keys::kRoles));
    for (const Role role : roles) {
      for (const fs::path& path : {keys::key_path(dir, role), keys::public_path(dir, role)}) {
        std::error_code failed;
        if (fs::exists(fs::symlink_status(path, failed)))
          return refuse(path.string() + " exists already: a key is never replaced; move it away first");
      }
    }
    for (const Role role : roles) {
      if (const Result<void> made = make(dir, role, whole); !made) return refuse(made.error());
    }
    if (whole) {
      std::fputs(kWhere, stdout);
    } else {
      for (const Role role : roles) std::printf("copy %s\n", known_at(role).c_str());
    }
    return kOk;
  }

 private:
  static Result<void> make(const fs::path& dir, Role role, bool trusted) {
    const keys::KeyPair pair = keys::generate();
    if (Result<void> written = keys::write_pair(dir, role, pair); !written) return written;
    std::printf("%s\n%s\n", keys::key_path(dir, role).c_str(), keys::public_path(dir, role).c_str());
    if (!trusted || role == Role::kMaster) return {};
    const std::string name(keys::text_of(role));
    if (Result<void> written = keys::authorize(dir, name, pair.public_key); !written) return written;
    std::printf("%s\n", (keys::authorized_path(dir) / (name + ".pub")).c_str());
    return {};
  }
  static int refuse(const std::string& text) {
    complain("keygen: " + text);
    return kUsage;
  }

  std::vector<std::string> names_;
};

}  // namespace

std::unique_ptr<Command> keygen_command() { return std::make_unique<Keygen>(); }

}  // namespace gale::cli
