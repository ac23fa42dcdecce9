// SPDX-License-Identifier: Apache-2.0
//
// Streams that depend on the file: a component is asked again what it is, now with its properties and its inputs, so
// that fields named by a property, or passed on from an input, are checked like all others. Sources are asked first.
#pragma once

#include "engine/base/fault.hpp"
#include "engine/plan/catalog.hpp"
#include "engine/plan/plan.hpp"
#include "engine/plan/topology.hpp"
#include "topology-api/host/description.hpp"

#include <deque>
#include <vector>

namespace gale::plan {

/// Gives each component of `plan` its streams and its tick. Beside `plan.components` stand `topology.vertices` and
/// `descriptions`; of the latter those that the file changes come to point into `configured`, and those that it leaves
/// unknown, a fault, become null. In a cycle an input whose fields are not known yet is left out.
void describe_configured(const Topology& topology, Catalog& catalog, Plan& plan,
                         std::vector<const host::ComponentDescription*>& descriptions,
                         std::deque<host::ComponentDescription>& configured, Faults& faults);

/// A fault at one of its properties, or at the component itself: a required one is missing.
[[nodiscard]] bool has_bad_properties(const Vertex& vertex, const Faults& faults);

}  // namespace gale::plan
