// SPDX-License-Identifier: Apache-2.0
//
// Outline: what one must know of a plan to read the reports of its workers: components, who reads whom, which task is
// whose and where. Made from a plan once; the master, which loads no plugin, keeps it beside the topology. Plain data.
#pragma once

#include "engine/plan/plan.hpp"
#include "gale/value.hpp"

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

namespace gale::metrics {

struct Outline {
  struct Input {
    std::string from, stream, grouping;
    friend bool operator==(const Input&, const Input&) = default;
  };
  struct Component {
    std::string id, class_name;
    bool spout = false;
    bool by_key = false;  // reads something by key, so its tasks are taken to remember theirs
    std::uint32_t first_task = 0, tasks = 1;
    std::uint32_t max_pending = 0;  // of a spout: roots of all of its tasks
    std::vector<Input> inputs;
    friend bool operator==(const Component&, const Component&) = default;
  };
  std::string name;
  std::uint16_t workers = 1;
  std::vector<Component> components;
  std::vector<std::uint16_t> place_of;  // by task
  std::int64_t message_timeout_ms = 0;

  /// The component of a task; nothing when there is no such task.
  [[nodiscard]] std::optional<std::size_t> component_of(TaskId task) const;
  [[nodiscard]] std::optional<std::size_t> find(std::string_view component) const;
  friend bool operator==(const Outline&, const Outline&) = default;
};

[[nodiscard]] Outline outline_of(const plan::Plan& plan);
[[nodiscard]] Value to_value(const Outline& outline);
[[nodiscard]] Outline to_outline(const Value& map);

}  // namespace gale::metrics
