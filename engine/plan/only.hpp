// SPDX-License-Identifier: Apache-2.0
//
// only: a topology without what lies behind some of its components. Pure functions.
#pragma once

#include "engine/base/result.hpp"
#include "engine/plan/topology.hpp"

#include <string>
#include <vector>

namespace gale::plan {

/// These components, all that lead to them, and the streams between; what lies behind them is left out, so what they
/// emit there goes nowhere. For a topology without faults. A text when no component has such an id.
[[nodiscard]] Result<Topology> only(Topology topology, const std::vector<std::string>& ids);

}  // namespace gale::plan
