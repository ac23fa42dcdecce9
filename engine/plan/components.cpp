// SPDX-License-Identifier: Apache-2.0
#include "engine/plan/components.hpp"

#include "engine/base/hint.hpp"
#include "engine/plan/configured.hpp"
#include "engine/plan/properties.hpp"
#include "engine/plan/settings_table.hpp"

#include <algorithm>
#include <string>
#include <utility>

namespace gale::plan {

Components::Components(const Topology& topology, Catalog& catalog, const PlanOptions& options, Plan& plan,
                       Faults& faults)
    : topology_(topology), plan_(plan), faults_(faults), classes_(topology, catalog, faults) {
  plan_.name = topology_.name.value;
  read_settings(options);
  for (const Vertex& vertex : topology_.vertices) add(vertex, options);
  check_tasks(options);
  describe_configured(topology_, catalog, plan_, descriptions_, configured_, faults_);
}

void Components::read_settings(const PlanOptions& options) {
  std::uint32_t no_tick = 0;
  apply_settings(topology_.config, kInTopology, plan_.settings, no_tick, faults_);
  if (options.workers) {
    if (*options.workers < 1 || *options.workers > kMostWorkers) {
      faults_.push_back(
          {{},
           "--workers is " + std::to_string(*options.workers) + "; it may be 1 to " + std::to_string(kMostWorkers)});
    } else {
      plan_.settings.workers = static_cast<std::uint16_t>(*options.workers);
    }
  }
  plan_.workers = plan_.settings.workers;
  check_emit_bytes(topology_.config);
}

void Components::add(const Vertex& vertex, const PlanOptions& options) {
  Component component;
  component.id = vertex.id.value;
  component.kind = vertex.kind;
  const auto changed = options.tasks.find(vertex.id.value);
  component.tasks = changed == options.tasks.end() ? vertex.tasks() : changed->second;
  component.pinned = vertex.pinned;
  const FoundClass found = classes_.find(vertex);
  const host::ComponentDescription* description = found.description;
  component.plugin = found.plugin;
  component.type = found.type;
  if (description != nullptr) {
    component.tick_ms = description->tick_ms;
    component.config = read_properties(vertex, *description, faults_);
    check_arguments(vertex, *description);
  }
  component.settings = plan_.settings;
  apply_settings(vertex.config, vertex.kind == host::ComponentKind::kSpout ? kInSpout : kInBolt, component.settings,
                 component.tick_ms, faults_);
  check_pin(vertex, component.settings);
  check_emit_bytes(vertex.config);
  descriptions_.push_back(description);
  plan_.components.push_back(std::move(component));
}

/// What --tasks says of components; that a topology has too many tasks is found elsewhere.
void Components::check_tasks(const PlanOptions& options) {
  Names names;
  for (const Component& component : plan_.components) names.push_back(component.id);
  for (const auto& [id, n] : options.tasks) {
    if (std::find(names.begin(), names.end(), id) == names.end())
      faults_.push_back({{}, "--tasks: no component '" + id + "'" + suggest(id, names)});
    if (n < 1) faults_.push_back({{}, "--tasks " + id + " is 0; a component has at least one"});
  }
}

void Components::check_arguments(const Vertex& vertex, const host::ComponentDescription& description) {
  if (!vertex.constructor_args) return;
  Names keys;
  for (const host::KeyDescription& key : description.keys) keys.push_back(key.name);
  faults_.push_back({*vertex.constructor_args, "'" + vertex.class_name.value +
                                                   "' takes no constructorArgs; set its keys in properties" +
                                                   (keys.empty() ? "" : ": " + list_of(keys))});
}

void Components::check_pin(const Vertex& vertex, const Settings& settings) {
  if (settings.place_on_worker <= plan_.workers) return;
  for (const yaml::Entry& entry : vertex.config) {
    if (entry.key != "topology.component.worker") continue;
    faults_.push_back({entry.value.at, "'" + entry.key + "' is worker " + std::to_string(settings.place_on_worker) +
                                           ", of " + std::to_string(plan_.workers) +
                                           "; see topology.workers and --workers"});
  }
}

/// A tuple that one call may emit must fit into a frame when there is a link that it may have to cross.
void Components::check_emit_bytes(std::span<const yaml::Entry> config) {
  Settings own = plan_.settings;
  std::uint32_t no_tick = 0;
  Faults told;
  for (const yaml::Entry& entry : config) {
    if (plan_.workers == 1 || entry.key != "topology.execute.max.emit.bytes") continue;
    apply_settings({&entry, 1}, kInTopology, own, no_tick, told);
    if (own.execute_max_emit_bytes <= kMostBetweenWorkers) continue;
    faults_.push_back({entry.value.at, "'" + entry.key + "' is " + std::to_string(own.execute_max_emit_bytes) +
                                           "; with more than one worker it may be " +
                                           std::to_string(kMostBetweenWorkers) + ", what fits between them"});
  }
}

}  // namespace gale::plan
