// SPDX-License-Identifier: Apache-2.0
#include "engine/plan/make_plan.hpp"

#include "engine/plan/components.hpp"
#include "engine/plan/hooks.hpp"
#include "engine/plan/placement.hpp"
#include "engine/plan/properties.hpp"
#include "engine/plan/subscriptions.hpp"

#include <utility>

namespace gale::plan {
namespace {

class Planner {
 public:
  explicit Planner(const Topology& topology) : topology_(topology), faults_(topology.faults) {}

  PlanOutcome run(Catalog& catalog, const PlanOptions& options) {
    if (topology_.whole) {
      Components components(topology_, catalog, options, plan_, faults_);
      connect(topology_, components.descriptions(), find_customs(components.classes()), plan_, faults_);
      add_hooks(topology_, catalog, components.classes(), plan_, faults_);
      if (count_tasks() && faults_.empty()) lay_out(plan_);
    }
    sort_faults(faults_);
    if (!faults_.empty()) return {std::nullopt, std::move(faults_)};
    return {std::move(plan_), {}};
  }

 private:
  /// The groupings that plugins provide.
  Customs find_customs(PluginClasses& classes) {
    Customs customs;
    for (const Subscription& stream : topology_.streams) {
      if (!stream.custom) continue;
      FoundClass found = classes.find(*stream.custom);
      if (found.description == nullptr) continue;
      Value::Map config = read_properties(*stream.custom, *found.description, faults_);
      customs[&stream] = {{std::move(found.plugin), std::move(found.type), std::move(config)}, found.description};
    }
    return customs;
  }

  [[nodiscard]] bool count_tasks() {
    std::uint64_t tasks = 0;
    for (const Component& component : plan_.components) tasks += component.tasks;
    if (tasks <= kMostTasks) return true;
    faults_.push_back(
        {{1, 1}, "the topology has " + std::to_string(tasks) + " tasks, it may have " + std::to_string(kMostTasks)});
    return false;
  }

  const Topology& topology_;
  Faults faults_;
  Plan plan_;
};

}  // namespace

std::vector<std::string> dead_letter_fields() { return {"origin", "stream", "reason", "attempts", "values"}; }

PlanOutcome make_plan(const Topology& topology, Catalog& catalog, const PlanOptions& options) {
  return Planner(topology).run(catalog, options);
}

}  // namespace gale::plan
