// SPDX-License-Identifier: Apache-2.0
#include "supervisor/cli/test_plan.hpp"

#include <algorithm>
#include <utility>

namespace gale::cli {

std::optional<std::vector<plan::TopologyTest>> read_tests(const TopologyArguments& arguments, Faults& faults) {
  const Result<plan::Sets> sets = sets_of(arguments);
  if (!sets) {
    faults.push_back({{}, sets.error()});
    return std::nullopt;
  }
  plan::Topology topology = plan::read_topology_file(arguments.file, *sets, plan::process_environment());
  const std::size_t before = faults.size();
  if (!topology.whole) faults.insert(faults.end(), topology.faults.begin(), topology.faults.end());
  std::vector<plan::TopologyTest> tests = plan::read_tests(topology.tests, faults);
  if (faults.size() != before) return std::nullopt;
  return tests;
}

std::optional<TestPlan> plan_test(const TopologyArguments& arguments, const plan::TopologyTest& test,
                                  plan::Catalog& catalog, Faults& faults) {
  Result<plan::Sets> sets = sets_of(arguments);
  if (!sets) {
    faults.push_back({{}, sets.error()});
    return std::nullopt;
  }
  for (const auto& [key, value] : test.set) sets->insert_or_assign(key, value);
  plan::Topology topology = plan::read_topology_file(arguments.file, *sets, plan::process_environment());
  plan::PlanOutcome outcome = plan::make_plan(topology, catalog);
  if (!outcome) {
    for (Fault& fault : outcome.faults) {
      // A value that the test gives and the file has no use for is the test's fault.
      const bool by_test = std::any_of(test.set.begin(), test.set.end(), [&](const auto& set) {
        return fault.text.starts_with("--set " + set.first + ":");
      });
      if (by_test) fault.at = test.at;
      faults.push_back(std::move(fault));
    }
    if (topology.whole) trial::check_ids(test, topology, faults);
    return std::nullopt;
  }
  auto resolved = trial::resolve(test, *outcome.plan, faults);
  if (!resolved) return std::nullopt;
  return TestPlan{std::move(topology), std::move(*outcome.plan), std::move(*resolved)};
}

}  // namespace gale::cli
