// SPDX-License-Identifier: Apache-2.0
//
// A test of a topology file, with the topology as that test has it: a test may give ${...} values of its own.
#pragma once

#include "engine/plan/make_plan.hpp"
#include "engine/plan/tests_block.hpp"
#include "supervisor/cli/topology_arguments.hpp"
#include "supervisor/trial/resolve.hpp"

#include <optional>
#include <vector>

namespace gale::cli {

/// The tests of the file. Nothing, and faults, when the file cannot be read that far or they are written wrongly; other
/// faults of the file are left to whoever runs a test.
[[nodiscard]] std::optional<std::vector<plan::TopologyTest>> read_tests(const TopologyArguments& arguments,
                                                                        Faults& faults);

struct TestPlan {
  plan::Topology topology;
  plan::Plan plan;
  trial::ResolvedTest resolved;
};

/// Nothing, and faults, when the topology or the test does not fit.
[[nodiscard]] std::optional<TestPlan> plan_test(const TopologyArguments& arguments, const plan::TopologyTest& test,
                                                plan::Catalog& catalog, Faults& faults);

}  // namespace gale::cli
