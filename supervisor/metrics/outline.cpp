// SPDX-License-Identifier: Apache-2.0
#include "supervisor/metrics/outline.hpp"

#include "supervisor/control/fields.hpp"

#include <chrono>
#include <utility>

namespace gale::metrics {

using control::array_in;
using control::flag_in;
using control::number_in;
using control::text_in;

std::optional<std::size_t> Outline::component_of(TaskId task) const {
  for (std::size_t i = 0; i < components.size(); ++i) {
    const Component& c = components[i];
    if (task.value >= c.first_task && task.value - c.first_task < c.tasks) return i;
  }
  return std::nullopt;
}

std::optional<std::size_t> Outline::find(std::string_view component) const {
  for (std::size_t i = 0; i < components.size(); ++i) {
    if (components[i].id == component) return i;
  }
  return std::nullopt;
}

Outline outline_of(const plan::Plan& plan) {
  Outline outline;
  outline.name = plan.name;
  outline.workers = plan.workers;
  outline.message_timeout_ms =
      std::chrono::duration_cast<std::chrono::milliseconds>(plan.settings.message_timeout).count();
  for (const plan::Component& c : plan.components) {
    Outline::Component& one = outline.components.emplace_back();
    one.id = c.id;
    one.class_name = c.plugin + "." + c.type;
    one.spout = c.kind == host::ComponentKind::kSpout;
    one.first_task = c.first_task.value;
    one.tasks = c.tasks;
    if (one.spout && plan.settings.acker_executors != 0) one.max_pending = c.tasks * c.settings.max_spout_pending;
    for (const std::size_t e : c.inputs) {
      const plan::Edge& edge = plan.edges[e];
      const plan::Component& from = plan.component(edge.from);
      one.by_key = one.by_key || plan::by_key(edge.grouping);
      one.inputs.push_back({from.id, from.streams[edge.stream].name, std::string(plan::name_of(edge.grouping))});
    }
  }
  for (const plan::Task& t : plan.tasks) outline.place_of.push_back(t.worker.value);
  return outline;
}

Value to_value(const Outline& outline) {
  Value::Array components;
  for (const Outline::Component& c : outline.components) {
    Value::Array inputs;
    for (const Outline::Input& i : c.inputs)
      inputs.emplace_back(Value::Map{{"from", i.from}, {"stream", i.stream}, {"grouping", i.grouping}});
    components.emplace_back(Value::Map{{"id", c.id},
                                       {"class", c.class_name},
                                       {"spout", c.spout},
                                       {"by_key", c.by_key},
                                       {"first_task", c.first_task},
                                       {"tasks", c.tasks},
                                       {"max_pending", c.max_pending},
                                       {"inputs", std::move(inputs)}});
  }
  return Value::Map{{"name", outline.name},
                    {"workers", outline.workers},
                    {"components", std::move(components)},
                    {"place_of", Value::Array(outline.place_of.begin(), outline.place_of.end())},
                    {"message_timeout_ms", outline.message_timeout_ms}};
}

Outline to_outline(const Value& map) {
  Outline outline;
  outline.name = text_in(map, "name");
  outline.workers = static_cast<std::uint16_t>(number_in(map, "workers"));
  outline.message_timeout_ms = static_cast<std::int64_t>(number_in(map, "message_timeout_ms"));
  for (const Value& v : array_in(map, "components")) {
    Outline::Component& c = outline.components.emplace_back();
    c.id = text_in(v, "id");
    c.class_name = text_in(v, "class");
    c.spout = flag_in(v, "spout");
    c.by_key = flag_in(v, "by_key");
    c.first_task = static_cast<std::uint32_t>(number_in(v, "first_task"));
    c.tasks = static_cast<std::uint32_t>(number_in(v, "tasks"));
    c.max_pending = static_cast<std::uint32_t>(number_in(v, "max_pending"));
    for (const Value& i : array_in(v, "inputs"))
      c.inputs.push_back({text_in(i, "from"), text_in(i, "stream"), text_in(i, "grouping")});
  }
  for (const Value& place : array_in(map, "place_of")) {
    const auto* i = place.get_if<std::int64_t>();
    outline.place_of.push_back(i == nullptr ? 0 : static_cast<std::uint16_t>(*i));
  }
  return outline;
}

}  // namespace gale::metrics
