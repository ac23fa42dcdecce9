// SPDX-License-Identifier: Apache-2.0
//
// Catalog: where make_plan() learns what a plugin holds. The command's opens plugin files; a test's makes them up.
#pragma once

#include "engine/base/result.hpp"
#include "topology-api/host/description.hpp"
#include "topology-api/host/info.hpp"

#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace gale::plan {

class Catalog {
 public:
  virtual ~Catalog() = default;

  /// The plugin that an entry of `plugins:` names. The description lives as long as the catalog. An error says why
  /// there is none ("plugin 'x' not found in: dirs"); the file and the place are added by the caller.
  [[nodiscard]] virtual Result<const host::PluginDescription*> find(std::string_view plugin) = 0;

  /// What a component of that plugin says of itself when it has this configuration and these inputs. Nothing: what
  /// find() told holds whatever they are. An error is what the component says against them.
  [[nodiscard]] virtual Result<std::optional<host::ComponentDescription>> describe(std::string_view /*plugin*/,
                                                                                   std::string_view /*component*/,
                                                                                   const host::TaskInfo& /*task*/) {
    return std::optional<host::ComponentDescription>();
  }

  /// What could be named instead, for a hint.
  [[nodiscard]] virtual std::vector<std::string> names() { return {}; }
};

}  // namespace gale::plan
