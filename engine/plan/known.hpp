// SPDX-License-Identifier: Apache-2.0
//
// known_components: what is known of a file that may have faults. What the catalog does is all the I/O there is.
#pragma once

#include "engine/plan/catalog.hpp"
#include "engine/plan/plan.hpp"
#include "engine/plan/topology.hpp"

#include <string>
#include <vector>

namespace gale::plan {

/// A component of a file that may have faults, for whoever helps to write it.
struct KnownComponent {
  std::string id, class_name;  // as the file has them; an id may be empty
  host::ComponentKind kind = host::ComponentKind::kBolt;
  std::vector<Stream> streams;  // none when its class is not known; without `edges`
  bool sure = false;  // false: a property with a fault, or an input that is not sure, may give it other streams
};

/// The components in the order of the file, as far as they can be known: faults leave gaps, and are not told.
[[nodiscard]] std::vector<KnownComponent> known_components(const Topology& topology, Catalog& catalog);

}  // namespace gale::plan
