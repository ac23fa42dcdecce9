// SPDX-License-Identifier: Apache-2.0
//
// gale up: a whole cluster on this machine, for development: a master and a supervisor in the background.
// gale down: ends it, with all that runs on it.
#include "supervisor/cli/cluster/daemon_options.hpp"
#include "supervisor/cli/cluster/local_cluster.hpp"
#include "supervisor/cli/cluster/master_call.hpp"
#include "supervisor/cli/commands.hpp"
#include "supervisor/cli/options.hpp"
#include "supervisor/control/fields.hpp"

#include <boost/program_options.hpp>

#include <cstdio>

namespace gale::cli {
namespace po = boost::program_options;
namespace {

class Up final : public Command {
 public:
  Up() {
    option()                                                                                       //
        ("slots", count_option("slots", slots_, 1, 1000), "slots of the supervisor (default: 4)")  //
        ("listen", po::value(&listen_)->default_value(kDefaultMaster)->value_name("HOST:PORT"),
         "where the master listens")  //
        ("state", po::value(&state_)->value_name("DIR"),
         "where all of it keeps its state (default: as the daemons' own, in up)");
  }
  [[nodiscard]] About about() const override {
    return {.name = "up",
            .summary = "starts a cluster on this machine, for development",
            .text =
                "Starts a master and a supervisor on this machine, in the background, and returns when they have "
                "found each\n"
                "other. 'gale down' ends them. Started again, it starts what does not run any more.",
            .status_1 = "one of them cannot start"};
  }
  int run(const std::vector<std::string>&) override {
    LocalCluster cluster(state_.empty() ? default_state_dir("up") : std::filesystem::path(state_));
    if (Result<void> up = cluster.up(listen_, slots_.value_or(4)); !up) {
      complain(up.error());
      return kFailed;
    }
    std::printf("the cluster is up: master at %s, %u slots; logs in %s\n", listen_.c_str(), slots_.value_or(4),
                cluster.dir().c_str());
    return kOk;
  }

 private:
  std::optional<std::uint32_t> slots_;
  std::string listen_, state_;
};

class Down final : public Command {
 public:
  Down() { option()("state", po::value(&state_)->value_name("DIR"), "of the cluster, as given to gale up"); }
  [[nodiscard]] About about() const override {
    return {.name = "down",
            .summary = "ends the cluster that gale up started",
            .text =
                "Ends the workers, the supervisor and the master that 'gale up' started. What was submitted is "
                "kept, and runs\n"
                "again after the next 'gale up'.",
            .status_1 = "something could not be ended"};
  }
  int run(const std::vector<std::string>&) override {
    LocalCluster cluster(state_.empty() ? default_state_dir("up") : std::filesystem::path(state_));
    const Result<bool> down = cluster.down();
    if (!down) {
      complain(down.error());
      return kFailed;
    }
    std::printf(*down ? "the cluster is down\n" : "no cluster runs here\n");
    return kOk;
  }

 private:
  std::string state_;
};

}  // namespace

std::unique_ptr<Command> up_command() { return std::make_unique<Up>(); }
std::unique_ptr<Command> down_command() { return std::make_unique<Down>(); }

}  // namespace gale::cli
