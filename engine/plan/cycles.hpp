// SPDX-License-Identifier: Apache-2.0
//
// Cycles among the components of a topology. The edges that close them are feedback: along them a sender never waits
// for its reader, and an END is not told, so that what is left is a graph without cycles, in which neither can lead
// around. Pure functions.
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

/// The number of a group for each component: two have the same when ways lead from each to the other (strongly
/// connected: Kosaraju and Sharir's two walks, 1978). Linear.
[[nodiscard]] std::vector<std::size_t> find_groups(std::size_t components, std::span<const Edge> edges);

/// Marks the edges that close cycles as feedback, and says who tells its END to those within.
void mark_feedback(Plan& plan);

/// By component: whether a way leads to it from one of `from`, which count as reached.
[[nodiscard]] std::vector<bool> reached_from(const Plan& plan, std::span<const ComponentId> from);

}  // namespace gale::plan
