// SPDX-License-Identifier: Apache-2.0
//
// gale new NAME: the project of a plugin, ready to be built. All of it is there afterwards, or nothing.
#include "supervisor/cli/commands.hpp"
#include "supervisor/cli/scaffold.hpp"
#include "topology-api/host/search.hpp"

#include <unistd.h>
#include <boost/program_options.hpp>

#include <cerrno>
#include <cstdio>
#include <filesystem>
#include <fstream>
#include <string>
#include <system_error>
#include <vector>

namespace gale::cli {
namespace po = boost::program_options;
namespace fs = std::filesystem;
namespace {

/// Writes all below a folder. Throws fs::filesystem_error.
void write_files(const fs::path& folder, const std::vector<ScaffoldFile>& files) {
  for (const ScaffoldFile& file : files) {
    const fs::path path = folder / file.path;
    fs::create_directories(path.parent_path());
    std::ofstream out(path, std::ios::binary);
    out << file.text;
    out.close();
    if (!out) throw fs::filesystem_error("cannot write", path, std::error_code(errno, std::generic_category()));
  }
}

class New final : public Command {
 public:
  New() {
    option()                                                                         //
        ("spout", po::bool_switch(&spout_), "with a spout; without --bolt no bolt")  //
        ("bolt", po::bool_switch(&bolt_), "with a bolt; without --spout no spout");
  }
  [[nodiscard]] About about() const override {
    return {.name = "new",
            .summary = "makes the project of a new plugin",
            .text =
                "Makes folder NAME with a plugin that builds, runs and is tested: a spout, a bolt, their unit tests,\n"
                "a topology with tests of its own, a README and a CI file. Its README says how to go on.",
            .operands = {.word = "name", .mark = "NAME"},
            .status_2 = "bad usage, or the folder cannot be made"};
  }
  int run(const std::vector<std::string>& names) override {
    const std::string& name = names.front();
    if (const std::string fault = plugin_name_fault(name); !fault.empty()) return refuse(fault);
    std::error_code failed;
    for (const fs::path& dir : host::PluginSearch::standard_dirs({})) {
      if (fs::exists(dir / (name + ".so"), failed))
        return refuse("'" + name + "' is a plugin of this gale; choose another name");
    }
    if (fs::exists(fs::symlink_status(name, failed)))
      return refuse("'" + name + "' exists already; choose another name");
    // Beside the place where it will be, so that it can be moved there as a whole.
    const fs::path draft = "." + name + ".new." + std::to_string(::getpid());
    try {
      write_files(draft, scaffold({name, spout_ || !bolt_, bolt_ || !spout_}));
      fs::rename(draft, name);
    } catch (const fs::filesystem_error& e) {
      fs::remove_all(draft, failed);
      return refuse("cannot make folder '" + name + "' in " + fs::current_path().string() + ": " + e.code().message());
    }
    std::printf("%s: cd %s && cmake --preset default && cmake --build build && ctest --test-dir build\n", name.c_str(),
                name.c_str());
    return kOk;
  }

 private:
  static int refuse(const std::string& text) {
    complain("new: " + text);
    return kUsage;
  }

  bool spout_ = false, bolt_ = false;
};

}  // namespace

std::unique_ptr<Command> new_command() { return std::make_unique<New>(); }

}  // namespace gale::cli
