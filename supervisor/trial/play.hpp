// SPDX-License-Identifier: Apache-2.0
//
// Runs a topology for a test, on the engine, in this process: sources in the place of the spouts that are replaced,
// sinks behind the streams in question, and only what leads to these. Tuples are tried once, so that a failure is seen
// at once; hooks are left out. One worker with one thread: as little chance as there can be.
#pragma once

#include "engine/base/clock.hpp"
#include "engine/plan/catalog.hpp"
#include "engine/plan/topology.hpp"
#include "supervisor/trial/resolve.hpp"
#include "topology-api/host/search.hpp"

#include <cstdint>
#include <string>
#include <vector>

namespace gale::trial {

struct Played {
  Faults faults;                                // of the topology as it would run: it did not
  std::vector<std::vector<Value::Array>> seen;  // of each wanted stream, in its order
  std::vector<std::string> fails;               // reasons, of what came in the place of spouts
  std::uint64_t failed = 0;                     // tuples of spouts that were not replaced which failed for good
  std::vector<std::string> troubles;            // it did not start, did not end in time, lost final results
  std::vector<std::string> errors;              // what user code threw, by task
};

/// `topology` has no faults, and `plan` is what it becomes. `search` must have stand_ins(). The rows of what is wanted
/// are not looked at. User code that does not return within some seconds more is left behind, running.
[[nodiscard]] Played play(const ResolvedTest& test, Duration timeout, const plan::Topology& topology,
                          const plan::Plan& plan, plan::Catalog& catalog, host::PluginSearch& search);

}  // namespace gale::trial
