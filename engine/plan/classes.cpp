// SPDX-License-Identifier: Apache-2.0
#include "engine/plan/classes.hpp"

#include "engine/base/hint.hpp"

#include <utility>
#include <vector>

namespace gale::plan {

PluginClasses::PluginClasses(const Topology& topology, Catalog& catalog, Faults& faults) : faults_(faults) {
  for (const Text& entry : topology.plugins) {
    const Result<const host::PluginDescription*> found = catalog.find(entry.value);
    if (!found) {
      const std::vector<std::string> all = catalog.names();
      const std::string_view near = nearest(entry.value, Names(all.begin(), all.end()));
      faults_.push_back(
          {entry.at, found.error() + (near.empty() ? "" : " (did you mean '" + std::string(near) + "'?)")});
      plugins_.emplace(entry.value, Plugin{entry.value, nullptr});
    } else if (const auto [first, is_new] = plugins_.emplace((*found)->name, Plugin{entry.value, *found}); !is_new) {
      const auto version = [](const host::PluginDescription* d) { return d == nullptr ? "" : " " + d->version; };
      faults_.push_back({entry.at, "'" + entry.value + "' is plugin " + (*found)->name + version(*found) +
                                       ", and so is '" + first->second.entry + "' (" + first->first +
                                       version(first->second.description) + "): list one of the two"});
    }
  }
}

FoundClass PluginClasses::find(const Vertex& vertex) {
  FoundClass component;
  const std::string& name = vertex.class_name.value;
  if (name.empty()) return component;
  const std::size_t dot = name.rfind('.');
  if (dot == std::string::npos || dot == 0 || dot + 1 == name.size()) {
    faults_.push_back({vertex.class_name.at, "className is <plugin>.<Component>, this is '" + name + "'"});
    return component;
  }
  const auto plugin = plugins_.find(std::string_view(name).substr(0, dot));
  if (plugin == plugins_.end()) {
    tell_not_listed(vertex.class_name.at, std::string_view(name).substr(0, dot));
    return component;
  }
  if (plugin->second.description == nullptr) return component;  // told at its entry
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
  component.description = found;
  return component;
}

/// Nothing is told when the list itself has a fault that may be behind it.
void PluginClasses::tell_not_listed(Position at, std::string_view plugin) {
  Names all;
  for (const auto& [known, _] : plugins_) all.push_back(known);
  const auto near = plugins_.find(nearest(plugin, all));
  if (all.empty() || (near != plugins_.end() && near->second.description == nullptr)) return;
  faults_.push_back({at, "plugin '" + std::string(plugin) + "' is not in plugins" + suggest(plugin, all)});
}

}  // namespace gale::plan
