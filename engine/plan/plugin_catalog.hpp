// SPDX-License-Identifier: Apache-2.0
//
// PluginCatalog: a catalog of the plugins that a search finds.
#pragma once

#include "engine/plan/catalog.hpp"
#include "topology-api/host/search.hpp"

#include <optional>
#include <string_view>

namespace gale::plan {

class PluginCatalog final : public Catalog {
 public:
  explicit PluginCatalog(host::PluginSearch& search) : search_(search) {}
  Result<const host::PluginDescription*> find(std::string_view plugin) override;
  Result<std::optional<host::ComponentDescription>> describe(std::string_view plugin, std::string_view component,
                                                             const host::TaskInfo& task) override;

 private:
  host::PluginSearch& search_;
};

}  // namespace gale::plan
