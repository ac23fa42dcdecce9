// SPDX-License-Identifier: Apache-2.0
//
// Cycles among the components of a topology. Pure functions.
#pragma once

#include "engine/plan/plan.hpp"

#include <span>
#include <vector>

namespace gale::plan {

/// A way that leads back to where it began: the edges along it, in order.
using Cycle = std::vector<std::size_t>;

/// For every edge that closes a cycle, as a walk from the first component on meets them, one such cycle; that edge is
/// its last. Without these edges the rest has no cycle. Linear in components and edges, and in the length of what it
/// reports.
[[nodiscard]] std::vector<Cycle> find_cycles(std::size_t components, std::span<const Edge> edges);

}  // namespace gale::plan
