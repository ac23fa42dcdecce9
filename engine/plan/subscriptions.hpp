// SPDX-License-Identifier: Apache-2.0
//
// The streams block, checked against the components and what they declare. Pure functions.
#pragma once

#include "engine/base/fault.hpp"
#include "engine/plan/plan.hpp"
#include "engine/plan/topology.hpp"

#include <map>
#include <vector>

namespace gale::plan {

/// A grouping that a plugin provides, found and checked.
struct FoundCustom {
  Custom custom;
  const host::ComponentDescription* description = nullptr;
};
using Customs = std::map<const Subscription*, FoundCustom>;

/// Puts an edge into `plan` for each subscription that holds, with its numbers at both ends. `descriptions` is by
/// component, null where there is none (a fault that has been told); `plan.components` has ids, kinds and streams.
/// `customs` lacks those that were not found.
void connect(const Topology& topology, const std::vector<const host::ComponentDescription*>& descriptions,
             const Customs& customs, Plan& plan, Faults& faults);

}  // namespace gale::plan
