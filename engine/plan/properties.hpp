// SPDX-License-Identifier: Apache-2.0
//
// The properties of a spout or bolt, checked against the keys that its component declares. Pure functions.
#pragma once

#include "engine/base/fault.hpp"
#include "engine/plan/topology.hpp"
#include "gale/value.hpp"
#include "topology-api/host/description.hpp"

namespace gale::plan {

/// The values of the keys that are set, each of its declared type (an integer becomes a double where one is declared).
/// A key that the component does not have, a value of another type, and a required key left out are faults.
[[nodiscard]] Value::Map read_properties(const Vertex& vertex, const host::ComponentDescription& component,
                                         Faults& faults);

/// Any tree as a value.
[[nodiscard]] Value to_value(const yaml::Node& node);

}  // namespace gale::plan
