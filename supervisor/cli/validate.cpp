// SPDX-License-Identifier: Apache-2.0
//
// gale validate FILE...: reports every fault of every file.
#include "engine/plan/plugin_catalog.hpp"
#include "supervisor/cli/commands.hpp"
#include "supervisor/cli/test_plan.hpp"
#include "supervisor/cli/topology_arguments.hpp"

#include <cstdio>

namespace gale::cli {
namespace {

class Validate final : public Command {
 public:
  Validate() {
    add_topology_options(option(), topology_);
    add_only_option(option(), topology_);
  }
  [[nodiscard]] About about() const override {
    return {
        .name = "validate",
        .summary = "checks topology files against their plugins",
        .text =
            "Checks topology files, and the tests in them, against their plugins and reports all faults, a line each.",
        .operands = {.word = "topology file", .mark = "FILE", .many = true},
        .status_2 = "bad usage, or a file has a fault"};
  }
  int run(const std::vector<std::string>& files) override {
    bool all_fine = true;
    for (const std::string& file : files) {
      topology_.file = file;
      host::PluginSearch search = search_for(topology_);
      plan::PlanOutcome outcome = load(topology_, search);
      check_tests(search, outcome);
      std::fputs(plan::report(outcome, file).c_str(), outcome ? stdout : stderr);
      all_fine = all_fine && outcome;
    }
    return all_fine ? kOk : kUsage;
  }

 private:
  /// What is wrong with the file's tests. Where the topology has faults as well, of streams and fields nothing is
  /// known.
  void check_tests(host::PluginSearch& search, plan::PlanOutcome& outcome) const {
    const auto tests = read_tests(topology_, outcome.faults);
    plan::PluginCatalog catalog(search);
    if (tests) {
      for (const plan::TopologyTest& test : *tests) (void)plan_test(topology_, test, catalog, outcome.faults);
    }
    if (outcome.faults.empty()) return;
    sort_faults(outcome.faults);
    outcome.plan.reset();
  }

  TopologyArguments topology_;
};

}  // namespace

std::unique_ptr<Command> validate_command() { return std::make_unique<Validate>(); }

}  // namespace gale::cli
