// SPDX-License-Identifier: Apache-2.0
//
// gale master: the daemon that keeps what is submitted and decides where it runs.
#include "supervisor/master/daemon.hpp"

#include "engine/base/log.hpp"
#include "supervisor/cli/cluster/daemon_options.hpp"
#include "supervisor/cli/cluster/keys_option.hpp"
#include "supervisor/cli/cluster/master_call.hpp"
#include "supervisor/cli/commands.hpp"
#include "supervisor/cli/signals.hpp"

#include <boost/program_options.hpp>

#include <csignal>
#include <filesystem>
#include <optional>
#include <utility>

namespace gale::cli {
namespace po = boost::program_options;
namespace {

class Master final : public Command {
 public:
  Master() {
    option()                                                                                                         //
        ("listen", po::value(&listen_)->default_value(kDefaultMaster)->value_name("HOST:PORT"), "where it listens")  //
        ("keys", po::value(&keys_)->value_name("DIR"), kKeysExplain)                                                 //
        ("state", po::value(&state_)->value_name("DIR"),
         "where it keeps its state (default: /var/lib/gale/master, or gale/master in XDG_STATE_HOME for those who "
         "are not root)");
  }
  [[nodiscard]] About about() const override {
    return {.name = "master",
            .summary = "the daemon that keeps what is submitted and decides where it runs",
            .text =
                "Runs the master of a cluster: it takes submissions, keeps them on disk and gives their workers "
                "slots of\n"
                "the supervisors that have found it. Workers go on without it. TERM and Ctrl-C end it.",
            .status_1 = "it cannot listen, or its state cannot be opened",
            .group = "master"};
  }
  int run(const std::vector<std::string>&) override {
    std::signal(SIGPIPE, SIG_IGN);
    StopSignals signals;
    log::start(log::Level::kInfo, "master");
    const SteadyClock clock;
    master::DaemonOptions options;
    options.program = std::filesystem::read_symlink("/proc/self/exe").string();
    options.state_dir = state_.empty() ? default_state_dir("master") : std::filesystem::path(state_);
    options.endpoint = endpoint_of(listen_);
    Result<std::optional<keys::Security>> security =
        keys_in(keys_folder(keys_, options.endpoint), keys::Role::kMaster, keys::Role::kMaster);
    if (!security) {
      complain(security.error());
      return kFailed;
    }
    options.security = std::move(*security);
    master::Daemon daemon(std::move(options), clock);
    if (Result<void> started = daemon.start(); !started) {
      complain(started.error());
      return kFailed;
    }
    log::info("", "listens at " + daemon.endpoint());
    daemon.run([&] { return signals.take() > 0; });
    return kOk;
  }

 private:
  std::string listen_, state_, keys_;
};

}  // namespace

std::unique_ptr<Command> master_command() { return std::make_unique<Master>(); }

}  // namespace gale::cli
