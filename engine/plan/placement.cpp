// SPDX-License-Identifier: Apache-2.0
#include "engine/plan/placement.hpp"

#include "engine/base/assert.hpp"

namespace gale::plan {

std::vector<WorkerId> place(std::span<const Placeable> components, std::uint16_t workers) {
  ASSERT(workers > 0, "placement wants a worker");
  std::vector<WorkerId> workers_of_tasks;
  std::uint16_t next = 0;
  for (const Placeable& component : components) {
    ASSERT(!component.pinned || component.pinned->value < workers, "a pin names a worker that there is");
    for (std::uint32_t i = 0; i < component.tasks; ++i) {
      workers_of_tasks.push_back(component.pinned.value_or(WorkerId(next)));
      if (!component.pinned) next = static_cast<std::uint16_t>((next + 1) % workers);
    }
  }
  return workers_of_tasks;
}

void lay_out(Plan& plan) {
  std::vector<Placeable> placeables;
  for (const Component& component : plan.components) {
    const std::int32_t pin = component.settings.place_on_worker;
    placeables.push_back(
        {component.tasks, pin > 0 ? std::optional(WorkerId(static_cast<std::uint16_t>(pin - 1))) : std::nullopt});
  }
  const std::vector<WorkerId> workers = place(placeables, plan.workers);
  for (std::size_t c = 0; c < plan.components.size(); ++c) {
    Component& component = plan.components[c];
    component.first_task = TaskId(static_cast<std::uint32_t>(plan.tasks.size()));
    for (std::uint32_t i = 0; i < component.tasks; ++i) {
      const TaskId id(static_cast<std::uint32_t>(plan.tasks.size()));
      Task task{ComponentId(static_cast<std::uint16_t>(c)), i, workers[id.value], LedgerId()};
      if (component.kind == host::ComponentKind::kSpout) {
        task.ledger = LedgerId(static_cast<std::uint16_t>(plan.ledgers.size()));
        plan.ledgers.push_back(id);
      }
      plan.tasks.push_back(task);
    }
  }
}

}  // namespace gale::plan
