// SPDX-License-Identifier: Apache-2.0
//
// A test of the topology: what play() brings, against what the test wants.
#pragma once

#include "engine/plan/catalog.hpp"
#include "engine/plan/tests_block.hpp"
#include "engine/plan/topology.hpp"
#include "supervisor/trial/resolve.hpp"
#include "supervisor/trial/verdict.hpp"
#include "topology-api/host/search.hpp"

#include <vector>

namespace gale::trial {

/// `topology` has no faults, and `plan` is what it becomes. `search` must have stand_ins().
[[nodiscard]] std::vector<Complaint> run_whole(const plan::TopologyTest& test, const ResolvedTest& resolved,
                                               const plan::Topology& topology, const plan::Plan& plan,
                                               plan::Catalog& catalog, host::PluginSearch& search);

}  // namespace gale::trial
