// SPDX-License-Identifier: Apache-2.0
#include "engine/plan/make_plan.hpp"

#include <algorithm>

namespace gale::plan {

std::string summary(const Plan& plan, std::string_view file) {
  const auto spouts = std::count_if(plan.components.begin(), plan.components.end(),
                                    [](const Component& c) { return c.kind == host::ComponentKind::kSpout; });
  const auto bolts = static_cast<std::ptrdiff_t>(plan.components.size()) - spouts;
  return std::string(file) + ": ok: " + std::to_string(spouts) + " spouts, " + std::to_string(bolts) + " bolts, " +
         std::to_string(plan.tasks.size()) + " tasks, " + std::to_string(plan.workers) + " workers";
}

std::string report(const PlanOutcome& outcome, std::string_view file) {
  if (outcome.plan) return summary(*outcome.plan, file) + "\n";
  std::string text;
  for (const Fault& fault : outcome.faults) text += render(fault, file) + "\n";
  return text;
}

}  // namespace gale::plan
