// SPDX-License-Identifier: Apache-2.0
//
// Placement: which worker runs which task. A pure function: the same plan comes out of the same topology everywhere.
#pragma once

#include "engine/base/ids.hpp"
#include "engine/plan/plan.hpp"

#include <cstdint>
#include <optional>
#include <span>
#include <vector>

namespace gale::plan {

struct Placeable {
  std::uint32_t tasks = 1;
  std::optional<WorkerId> pinned;  // all its tasks go there
};

/// A worker for every task, component by component. Tasks that are not pinned are dealt to the workers in turn, going
/// on from one component to the next, so that both each component and their sum are even within one task. Every pin is
/// below `workers`, of which there is at least one.
[[nodiscard]] std::vector<WorkerId> place(std::span<const Placeable> components, std::uint16_t workers);

/// Gives the plan's components their tasks, and the tasks their workers and ledgers.
void lay_out(Plan& plan);

}  // namespace gale::plan
