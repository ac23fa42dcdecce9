// SPDX-License-Identifier: Apache-2.0
//
// make_plan: checks what a topology file says against its plugins and lays the tasks out. All faults come at once,
// those of reading included. What the catalog does is all the I/O there is.
#pragma once

#include "engine/plan/catalog.hpp"
#include "engine/plan/plan.hpp"
#include "engine/plan/topology.hpp"

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <vector>

namespace gale::plan {

/// What a command line says over the file's `config:`.
struct PlanOptions {
  std::optional<std::uint32_t> workers;          // --workers
  std::map<std::string, std::uint32_t> tasks{};  // --tasks, by component
};

struct PlanOutcome {
  std::optional<Plan> plan;  // there is one exactly when there is no fault
  Faults faults;             // sorted by place
  [[nodiscard]] explicit operator bool() const noexcept { return plan.has_value(); }
};

[[nodiscard]] PlanOutcome make_plan(const Topology& topology, Catalog& catalog, const PlanOptions& options = {});

/// "F: ok: N spouts, M bolts, K tasks, W workers", a line without its end.
[[nodiscard]] std::string summary(const Plan& plan, std::string_view file);

/// What `gale validate F` prints: the summary, or a fault a line. Every line ends.
[[nodiscard]] std::string report(const PlanOutcome& outcome, std::string_view file);

}  // namespace gale::plan
