// SPDX-License-Identifier: Apache-2.0
//
// gale validate FILE...: reports every fault of every file.
#include "supervisor/cli/commands.hpp"
#include "supervisor/cli/topology_arguments.hpp"

#include <cstdio>

namespace gale::cli {
namespace {

class Validate final : public Command {
 public:
  Validate() { add_topology_options(option(), topology_); }
  [[nodiscard]] About about() const override {
    return {.name = "validate",
            .summary = "checks topology files against their plugins",
            .text = "Checks topology files against their plugins and reports all faults, a line each.",
            .operands = {.word = "topology file", .mark = "FILE", .many = true},
            .status_2 = "bad usage, or a file has a fault"};
  }
  int run(const std::vector<std::string>& files) override {
    bool all_fine = true;
    for (const std::string& file : files) {
      topology_.file = file;
      host::PluginSearch search = search_for(topology_);
      const plan::PlanOutcome outcome = load(topology_, search);
      std::fputs(plan::report(outcome, file).c_str(), outcome ? stdout : stderr);
      all_fine = all_fine && outcome;
    }
    return all_fine ? kOk : kUsage;
  }

 private:
  TopologyArguments topology_;
};

}  // namespace

std::unique_ptr<Command> validate_command() { return std::make_unique<Validate>(); }

}  // namespace gale::cli
