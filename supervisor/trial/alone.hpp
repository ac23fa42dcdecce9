// SPDX-License-Identifier: Apache-2.0
//
// A test of one bolt: in the test kit, through the plugin boundary, with a clock that the test turns. No engine.
#pragma once

#include "engine/plan/tests_block.hpp"
#include "supervisor/trial/resolve.hpp"
#include "supervisor/trial/verdict.hpp"
#include "topology-api/host/search.hpp"

#include <vector>

namespace gale::trial {

[[nodiscard]] std::vector<Complaint> run_alone(const plan::TopologyTest& test, const ResolvedTest& resolved,
                                               const plan::Plan& plan, host::PluginSearch& search);

}  // namespace gale::trial
