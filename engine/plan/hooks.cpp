// SPDX-License-Identifier: Apache-2.0
#include "engine/plan/hooks.hpp"

#include "engine/base/hint.hpp"
#include "engine/plan/properties.hpp"

#include <algorithm>
#include <utility>
#include <vector>

namespace gale::plan {
namespace {

class HookPlanner {
 public:
  HookPlanner(Catalog& catalog, PluginClasses& classes, Plan& plan, Faults& faults)
      : catalog_(catalog), classes_(classes), plan_(plan), faults_(faults) {}

  void add(const HookEntry& entry) {
    const FoundClass found = classes_.find(entry.vertex);
    const host::ComponentDescription* const description = found.description;
    Hook hook;
    hook.components = hooked(entry);
    if (description == nullptr) return;
    const std::size_t faults = faults_.size();
    hook.kind = description->kind;
    hook.plugin = found.plugin;
    hook.type = found.type;
    hook.config = read_properties(entry.vertex, *description, faults_);
    if (hook.kind == host::ComponentKind::kWorkerHook) hook.components.clear();
    if (hook.kind == host::ComponentKind::kWorkerHook && entry.components) {
      faults_.push_back({entry.components_at, "'" + entry.vertex.class_name.value +
                                                  "' is a worker hook, which has no components; leave them out"});
    }
    if (faults_.size() == faults) ask(entry, hook);
    plan_.hooks.push_back(std::move(hook));
  }

 private:
  /// What it says against its configuration.
  void ask(const HookEntry& entry, const Hook& hook) {
    host::TaskInfo info;
    info.topology = plan_.name;
    info.config = hook.config;
    if (const auto asked = catalog_.describe(hook.plugin, hook.type, info); !asked)
      faults_.push_back({entry.vertex.at, "'" + entry.vertex.class_name.value + "': " + asked.error()});
  }

  /// All components when the entry names none.
  std::vector<ComponentId> hooked(const HookEntry& entry) {
    std::vector<ComponentId> ids;
    if (!entry.components) {
      for (std::size_t i = 0; i < plan_.components.size(); ++i) ids.emplace_back(static_cast<std::uint16_t>(i));
      return ids;
    }
    Names all;
    for (const Component& component : plan_.components) all.push_back(component.id);
    for (const Text& id : *entry.components) {
      const auto at = std::find(all.begin(), all.end(), id.value);
      if (at == all.end()) {
        faults_.push_back({id.at, "no component has the id '" + id.value + "'" + suggest(id.value, all)});
      } else {
        ids.emplace_back(static_cast<std::uint16_t>(at - all.begin()));
      }
    }
    return ids;
  }

  Catalog& catalog_;
  PluginClasses& classes_;
  Plan& plan_;
  Faults& faults_;
};

}  // namespace

void add_hooks(const Topology& topology, Catalog& catalog, PluginClasses& classes, Plan& plan, Faults& faults) {
  HookPlanner planner(catalog, classes, plan, faults);
  for (const HookEntry& hook : topology.hooks) planner.add(hook);
}

}  // namespace gale::plan
