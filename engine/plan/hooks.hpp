// SPDX-License-Identifier: Apache-2.0
//
// The hooks of a topology against their plugins and the components that there are: a step of make_plan().
#pragma once

#include "engine/base/fault.hpp"
#include "engine/plan/catalog.hpp"
#include "engine/plan/classes.hpp"
#include "engine/plan/plan.hpp"
#include "engine/plan/topology.hpp"

namespace gale::plan {

/// Adds Plan::hooks; the plan has its components.
void add_hooks(const Topology& topology, Catalog& catalog, PluginClasses& classes, Plan& plan, Faults& faults);

}  // namespace gale::plan
