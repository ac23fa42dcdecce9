// SPDX-License-Identifier: Apache-2.0
#include "engine/plan/make_plan.hpp"

#include "engine/base/hint.hpp"
#include "engine/plan/configured.hpp"
#include "engine/plan/placement.hpp"
#include "engine/plan/properties.hpp"
#include "engine/plan/settings_table.hpp"
#include "engine/plan/subscriptions.hpp"

#include <algorithm>
#include <deque>
#include <map>
#include <utility>

namespace gale::plan {
namespace {

class Planner {
 public:
  Planner(const Topology& topology, Catalog& catalog, const PlanOptions& options)
      : topology_(topology), catalog_(catalog), options_(options), faults_(topology.faults) {}

  PlanOutcome run() {
    if (topology_.whole) {
      read_components();
      describe_configured(topology_, catalog_, plan_, descriptions_, configured_, faults_);
      for (const Subscription& stream : topology_.streams) find_custom(stream);
      connect(topology_, descriptions_, customs_, plan_, faults_);
      for (const HookEntry& hook : topology_.hooks) add_hook(hook);
      if (count_tasks() && faults_.empty()) lay_out();
    }
    sort_faults(faults_);
    if (!faults_.empty()) return {std::nullopt, std::move(faults_)};
    return {std::move(plan_), {}};
  }

  std::vector<KnownComponent> known() {
    read_components();
    describe_configured(topology_, catalog_, plan_, descriptions_, configured_, faults_);
    std::vector<KnownComponent> all;
    for (std::size_t i = 0; i < plan_.components.size(); ++i) {
      const Vertex& vertex = topology_.vertices[i];
      const bool asked = descriptions_[i] != nullptr && !has_bad_properties(vertex, faults_);
      all.push_back({vertex.id.value, vertex.class_name.value, vertex.kind, plan_.components[i].streams, asked});
    }
    doubt_what_follows(all);
    return all;
  }

 private:
  /// A component that is not sure of an input is not sure itself, unless no input changes what it emits.
  void doubt_what_follows(std::vector<KnownComponent>& all) {
    std::map<std::string_view, std::size_t> index;
    for (std::size_t i = 0; i < all.size(); ++i) index.emplace(all[i].id, i);
    std::vector<bool> fixed(all.size());  // it was asked, and is
    for (bool changed = true; changed;) {
      changed = false;
      for (const Subscription& s : topology_.streams) {
        const auto from = index.find(s.from.value), to = index.find(s.to.value);
        if (to == index.end() || !all[to->second].sure || fixed[to->second]) continue;
        if (s.from.value == kDeadLetters || (from != index.end() && all[from->second].sure)) continue;
        if (is_fixed(to->second)) {
          fixed[to->second] = true;
        } else {
          all[to->second].sure = false;
          changed = true;
        }
      }
    }
  }

  /// With an input that nobody has it says the same.
  bool is_fixed(std::size_t i) {
    const Component& component = plan_.components[i];
    host::TaskInfo info;
    info.topology = plan_.name;
    info.component = component.id;
    info.tasks = component.tasks;
    info.config = component.config;
    info.inputs = {{"__nobody", "default", {"__nothing"}}};
    const Result<std::optional<host::ComponentDescription>> asked =
        catalog_.describe(component.plugin, component.type, info);
    if (!asked) return false;
    return !*asked || same_streams((*asked)->streams, descriptions_[i]->streams);
  }
  static bool same_streams(const std::vector<host::StreamDescription>& a,
                           const std::vector<host::StreamDescription>& b) {
    return std::equal(a.begin(), a.end(), b.begin(), b.end(),
                      [](const auto& x, const auto& y) { return x.name == y.name && x.fields == y.fields; });
  }

  void read_components() {
    plan_.name = topology_.name.value;
    find_plugins();
    read_settings();
    for (const Vertex& vertex : topology_.vertices) add_component(vertex);
  }

  /// A plugin goes by the name that it gives itself; its entry in the file may also be a path.
  void find_plugins() {
    for (const Text& entry : topology_.plugins) {
      const Result<const host::PluginDescription*> found = catalog_.find(entry.value);
      if (!found) {
        const std::vector<std::string> all = catalog_.names();
        const std::string_view near = nearest(entry.value, Names(all.begin(), all.end()));
        faults_.push_back(
            {entry.at, found.error() + (near.empty() ? "" : " (did you mean '" + std::string(near) + "'?)")});
        plugins_.emplace(entry.value, Plugin{entry.value, nullptr});
      } else if (!plugins_.emplace((*found)->name, Plugin{entry.value, *found}).second) {
        faults_.push_back({entry.at, "two entries of plugins are called '" + (*found)->name + "'"});
      }
    }
  }

  void read_settings() {
    std::uint32_t no_tick = 0;
    apply_settings(topology_.config, kInTopology, plan_.settings, no_tick, faults_);
    if (options_.workers) {
      if (*options_.workers < 1 || *options_.workers > kMostWorkers) {
        faults_.push_back(
            {{},
             "--workers is " + std::to_string(*options_.workers) + "; it may be 1 to " + std::to_string(kMostWorkers)});
      } else {
        plan_.settings.workers = static_cast<std::uint16_t>(*options_.workers);
      }
    }
    plan_.workers = plan_.settings.workers;
    check_emit_bytes(topology_.config);
  }

  void add_component(const Vertex& vertex) {
    Component component;
    component.id = vertex.id.value;
    component.kind = vertex.kind;
    component.tasks = vertex.tasks();
    component.pinned = vertex.pinned;
    const host::ComponentDescription* description = find_class(vertex, component);
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

  /// What className names; null when it names nothing that may stand here (a fault).
  const host::ComponentDescription* find_class(const Vertex& vertex, Component& component) {
    const std::string& name = vertex.class_name.value;
    if (name.empty()) return nullptr;
    const std::size_t dot = name.rfind('.');
    if (dot == std::string::npos || dot == 0 || dot + 1 == name.size()) {
      faults_.push_back({vertex.class_name.at, "className is <plugin>.<Component>, this is '" + name + "'"});
      return nullptr;
    }
    const auto plugin = plugins_.find(std::string_view(name).substr(0, dot));
    if (plugin == plugins_.end()) {
      tell_not_listed(vertex.class_name.at, std::string_view(name).substr(0, dot));
      return nullptr;
    }
    if (plugin->second.description == nullptr) return nullptr;  // told at its entry
    component.plugin = plugin->second.entry;
    component.type = name.substr(dot + 1);
    const host::ComponentDescription* found = plugin->second.description->find(component.type);
    if (found == nullptr) {
      Names all;
      for (const host::ComponentDescription& c : plugin->second.description->components) all.push_back(c.name);
      faults_.push_back({vertex.class_name.at, "plugin '" + plugin->first + "' has no component '" + component.type +
                                                   "'" + suggest(component.type, all)});
    } else if (found->kind != vertex.kind && !(is_hook(found->kind) && is_hook(vertex.kind))) {
      const std::string place = vertex.kind == host::ComponentKind::kGrouping ? "in customClass"
                                : is_hook(vertex.kind)                        ? "under hooks"
                                                       : std::string("under ") + name_of(vertex.kind) + "s";
      faults_.push_back(
          {vertex.class_name.at, "'" + name + "' is a " + name_of(found->kind) + ", it cannot stand " + place});
      found = nullptr;
    }
    return found;
  }

  /// Nothing is told when the list itself has a fault that may be behind it.
  void tell_not_listed(Position at, std::string_view plugin) {
    Names all;
    for (const auto& [known, _] : plugins_) all.push_back(known);
    const auto near = plugins_.find(nearest(plugin, all));
    if (all.empty() || (near != plugins_.end() && near->second.description == nullptr)) return;
    faults_.push_back({at, "plugin '" + std::string(plugin) + "' is not in plugins" + suggest(plugin, all)});
  }

  /// The grouping that a plugin provides.
  void find_custom(const Subscription& stream) {
    if (!stream.custom) return;
    Component found;  // find_class() writes the plugin and the type there
    const host::ComponentDescription* description = find_class(*stream.custom, found);
    if (description == nullptr) return;
    Value::Map config = read_properties(*stream.custom, *description, faults_);
    customs_[&stream] = {{found.plugin, found.type, std::move(config)}, description};
  }

  void add_hook(const HookEntry& entry) {
    Component found;  // find_class() writes the plugin and the type there
    const host::ComponentDescription* description = find_class(entry.vertex, found);
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

  void check_arguments(const Vertex& vertex, const host::ComponentDescription& description) {
    if (!vertex.constructor_args) return;
    Names keys;
    for (const host::KeyDescription& key : description.keys) keys.push_back(key.name);
    faults_.push_back({*vertex.constructor_args, "'" + vertex.class_name.value +
                                                     "' takes no constructorArgs; set its keys in properties" +
                                                     (keys.empty() ? "" : ": " + list_of(keys))});
  }

  void check_pin(const Vertex& vertex, const Settings& settings) {
    if (settings.place_on_worker <= plan_.workers) return;
    for (const yaml::Entry& entry : vertex.config) {
      if (entry.key != "topology.component.worker") continue;
      faults_.push_back({entry.value.at, "'" + entry.key + "' is worker " + std::to_string(settings.place_on_worker) +
                                             ", of " + std::to_string(plan_.workers) +
                                             "; see topology.workers and --workers"});
    }
  }

  /// A tuple that one call may emit must fit into a frame when there is a link that it may have to cross.
  void check_emit_bytes(std::span<const yaml::Entry> config) {
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

  [[nodiscard]] bool count_tasks() {
    std::uint64_t tasks = 0;
    for (const Component& component : plan_.components) tasks += component.tasks;
    if (tasks <= kMostTasks) return true;
    faults_.push_back(
        {{1, 1}, "the topology has " + std::to_string(tasks) + " tasks, it may have " + std::to_string(kMostTasks)});
    return false;
  }

  void lay_out() {
    std::vector<Placeable> placeables;
    for (const Component& component : plan_.components) {
      const std::int32_t pin = component.settings.place_on_worker;
      placeables.push_back(
          {component.tasks, pin > 0 ? std::optional(WorkerId(static_cast<std::uint16_t>(pin - 1))) : std::nullopt});
    }
    const std::vector<WorkerId> workers = place(placeables, plan_.workers);
    for (std::size_t c = 0; c < plan_.components.size(); ++c) {
      Component& component = plan_.components[c];
      component.first_task = TaskId(static_cast<std::uint32_t>(plan_.tasks.size()));
      for (std::uint32_t i = 0; i < component.tasks; ++i) {
        const TaskId id(static_cast<std::uint32_t>(plan_.tasks.size()));
        Task task{ComponentId(static_cast<std::uint16_t>(c)), i, workers[id.value], LedgerId()};
        if (component.kind == host::ComponentKind::kSpout) {
          task.ledger = LedgerId(static_cast<std::uint16_t>(plan_.ledgers.size()));
          plan_.ledgers.push_back(id);
        }
        plan_.tasks.push_back(task);
      }
    }
  }

  struct Plugin {
    std::string entry;                                     // in `plugins:`
    const host::PluginDescription* description = nullptr;  // null: the catalog had none
  };

  const Topology& topology_;
  Catalog& catalog_;
  const PlanOptions& options_;
  Faults faults_;
  Plan plan_;
  std::map<std::string, Plugin, std::less<>> plugins_;
  std::vector<const host::ComponentDescription*> descriptions_;  // by component
  Customs customs_;
  std::deque<host::ComponentDescription> configured_;  // those that the configuration changed
};

}  // namespace

std::vector<std::string> dead_letter_fields() { return {"origin", "stream", "reason", "attempts", "values"}; }

PlanOutcome make_plan(const Topology& topology, Catalog& catalog, const PlanOptions& options) {
  return Planner(topology, catalog, options).run();
}

std::vector<KnownComponent> known_components(const Topology& topology, Catalog& catalog) {
  return Planner(topology, catalog, {}).known();
}

}  // namespace gale::plan
