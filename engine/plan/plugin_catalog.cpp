// SPDX-License-Identifier: Apache-2.0
#include "engine/plan/plugin_catalog.hpp"

#include <utility>

namespace gale::plan {

Result<const host::PluginDescription*> PluginCatalog::find(std::string_view plugin) {
  const host::Opened opened = search_.find(plugin);
  if (!opened) return Failed{opened.error};
  return &opened.plugin->description();
}

Result<std::optional<host::ComponentDescription>> PluginCatalog::describe(std::string_view plugin,
                                                                          std::string_view component,
                                                                          const host::TaskInfo& task) {
  const host::Opened opened = search_.find(plugin);
  if (!opened) return Failed{opened.error};
  host::Described described = opened.plugin->describe(component, task);
  if (!described) return Failed{described.error};
  return std::optional(std::move(described.description));
}

}  // namespace gale::plan
