// SPDX-License-Identifier: Apache-2.0
//
// Lifecycle: how a topology goes from one status to the next. Pure functions: what is known in, what to do out; a
// change that races with a death ends where the last accepted request wanted it, since nothing depends on how it came
// about.
#pragma once

#include "engine/base/clock.hpp"
#include "supervisor/control/cluster.hpp"
#include "supervisor/master/record.hpp"

namespace gale::master {

/// What the workers of a topology last said.
struct Observed {
  bool still = false;     // every worker has said that its spouts are asked for nothing, and that nothing is pending
  bool finished = false;  // every worker has said that all of its tasks have said all
};

enum class Step : std::uint8_t {
  kNone,
  kSwitch,  // a rebalance: go on with the next revision
  kRemove   // a kill: forget it
};

/// `since`: how long it has had this status.
[[nodiscard]] Step next_step(const TopologyRecord& record, const Observed& observed, Duration since);

/// What spouts may do in a status.
[[nodiscard]] control::Phase phase_of(Status status);

/// The record after a rebalance: the next revision, its places in the slots of old as far as they go, all of a new
/// generation.
[[nodiscard]] TopologyRecord switched(TopologyRecord record);

/// Gives a place another slot (or none), in a new generation; all its earlier lives are dead by that.
void give(Place& place, std::optional<control::Slot> slot);

}  // namespace gale::master
