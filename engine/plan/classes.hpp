// SPDX-License-Identifier: Apache-2.0
//
// PluginClasses: what a className of the file means, by the plugins that it lists. I/O is the catalog's.
#pragma once

#include "engine/base/fault.hpp"
#include "engine/plan/catalog.hpp"
#include "engine/plan/topology.hpp"

#include <map>
#include <string>
#include <string_view>

namespace gale::plan {

struct FoundClass {
  std::string plugin, type;                                 // the entry of `plugins:`, the name within it
  const host::ComponentDescription* description = nullptr;  // null: it names nothing that may stand there (a fault)
};

class PluginClasses {
 public:
  /// Finds the plugins; what cannot be found adds faults.
  PluginClasses(const Topology& topology, Catalog& catalog, Faults& faults);

  [[nodiscard]] FoundClass find(const Vertex& vertex);

 private:
  struct Plugin {
    std::string entry;                                     // in `plugins:`
    const host::PluginDescription* description = nullptr;  // null: the catalog had none
  };

  void tell_not_listed(Position at, std::string_view plugin);

  Faults& faults_;
  std::map<std::string, Plugin, std::less<>> plugins_;  // by the name that it gives itself
};

}  // namespace gale::plan
