// SPDX-License-Identifier: Apache-2.0
//
// The settings of a topology and its components: found, with their keys and settings, and described for the
// configuration and inputs that they have. A step of make_plan(), and all that known_components() needs.
#pragma once

#include "engine/base/fault.hpp"
#include "engine/plan/catalog.hpp"
#include "engine/plan/classes.hpp"
#include "engine/plan/make_plan.hpp"
#include "engine/plan/plan.hpp"
#include "engine/plan/topology.hpp"

#include <deque>
#include <span>
#include <vector>

namespace gale::plan {

/// Fills name, settings, workers and components of a plan, without their tasks' places.
class Components {
 public:
  Components(const Topology& topology, Catalog& catalog, const PlanOptions& options, Plan& plan, Faults& faults);

  /// Of each component, for its configuration and inputs; null where its class is not known. Live as long as this.
  [[nodiscard]] const std::vector<const host::ComponentDescription*>& descriptions() const { return descriptions_; }
  [[nodiscard]] PluginClasses& classes() { return classes_; }

 private:
  void read_settings(const PlanOptions& options);
  void add(const Vertex& vertex, const PlanOptions& options);
  void check_tasks(const PlanOptions& options);
  void check_arguments(const Vertex& vertex, const host::ComponentDescription& description);
  void check_pin(const Vertex& vertex, const Settings& settings);
  void check_emit_bytes(std::span<const yaml::Entry> config);

  const Topology& topology_;
  Plan& plan_;
  Faults& faults_;
  PluginClasses classes_;
  std::vector<const host::ComponentDescription*> descriptions_;
  std::deque<host::ComponentDescription> configured_;  // those that the configuration changed
};

}  // namespace gale::plan
