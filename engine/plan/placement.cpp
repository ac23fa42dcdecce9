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

}  // namespace gale::plan
