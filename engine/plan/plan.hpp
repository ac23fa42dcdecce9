// SPDX-License-Identifier: Apache-2.0
//
// Plan: a topology checked against its plugins and laid out on workers: what every worker of a run reads, the same
// everywhere. Plain data, immutable after plan(). No I/O, no threads.
#pragma once

#include "engine/base/ids.hpp"
#include "engine/plan/settings.hpp"
#include "gale/value.hpp"
#include "topology-api/host/description.hpp"

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace gale::plan {

enum class Grouping : std::uint8_t {
  kShuffle,
  kNone,
  kLocalOrShuffle,
  kFields,
  kPartialKey,
  kAll,
  kGlobal,
  kDirect,
  kCustom
};

/// Asked for the values of fields, of which some have no hash: such a tuple is refused.
[[nodiscard]] constexpr bool by_key(Grouping g) { return g == Grouping::kFields || g == Grouping::kPartialKey; }

/// As a topology file writes it.
[[nodiscard]] std::string_view name_of(Grouping grouping);

/// A grouping that a plugin provides.
struct Custom {
  std::string plugin, type;  // as those of Component
  Value::Map config;
};

/// Where a file reads the dead letters of all spouts, and the stream of each on which they leave: tuples that failed
/// for good, of those that the engine replays.
inline constexpr std::string_view kDeadLetters = "__dead_letters";
[[nodiscard]] std::vector<std::string> dead_letter_fields();  // origin, stream, reason, attempts, values

struct Stream {
  std::string name;
  std::vector<std::string> fields;
  std::vector<std::size_t> edges;  // into Plan::edges, those that read it
  bool direct = false;             // its emitter names the task that gets a tuple
};

/// One subscription: a stream of one component read by another.
struct Edge {
  ComponentId from, to;
  std::uint16_t stream = 0;  // number of the stream at `from`
  std::uint16_t input = 0;   // number of this input at `to`: the `input` of its records at the boundary
  Grouping grouping = Grouping::kShuffle;
  std::vector<std::uint16_t> key;  // if by_key(): positions of the grouping fields in the stream, in the order given
  Custom custom;                   // for kCustom
  bool feedback = false;           // it closes a cycle: no pressure and no END goes along it
};

/// Tasks of `from` tell their END to those of `to`, beside what streams say: whatever leads into a cycle tells all that
/// are in it, since tuples may come to them round the cycle alone, along feedback, which has no ENDs.
struct EndEdge {
  ComponentId from, to;
};

struct Component {
  std::string id;
  host::ComponentKind kind = host::ComponentKind::kBolt;
  std::string plugin, type;  // the entry of `plugins:` that holds it, as written there; its name within that plugin
  Value::Map config;         // the declared keys that the topology sets
  Settings settings;         // the topology's, with the component's own over them
  std::uint32_t tick_ms = 0;
  bool pinned = false;  // each task has a thread of its own
  TaskId first_task;
  std::uint32_t tasks = 1;
  std::vector<Stream> streams;      // by number
  std::vector<std::size_t> inputs;  // into Plan::edges, by input number

  /// Number of the stream kDeadLetters, when somebody reads it.
  [[nodiscard]] std::optional<std::uint16_t> dead_letters() const {
    for (std::size_t i = 0; i < streams.size(); ++i) {
      if (streams[i].name == kDeadLetters) return static_cast<std::uint16_t>(i);
    }
    return std::nullopt;
  }
};

/// User code that watches: a task hook, whose objects sit in tasks, or a worker hook, with one object a process.
struct Hook {
  host::ComponentKind kind = host::ComponentKind::kTaskHook;
  std::string plugin, type;  // as a component's
  Value::Map config;
  std::vector<ComponentId> components;  // of a task hook: whose tasks it watches

  /// As logs and errors name it.
  [[nodiscard]] std::string name() const { return "hook " + plugin + "." + type; }
};

struct Task {
  ComponentId component;
  std::uint32_t index = 0;  // within the component, from 0
  WorkerId worker;
  LedgerId ledger;  // spouts only
};

struct Plan {
  std::string name;
  Settings settings;
  std::uint16_t workers = 1;
  std::vector<Component> components;  // by ComponentId
  std::vector<Edge> edges;
  std::vector<EndEdge> ends;
  std::vector<Hook> hooks;      // in the order of the file, which is that of their calls
  std::vector<Task> tasks;      // by TaskId
  std::vector<TaskId> ledgers;  // by LedgerId: the spout task

  [[nodiscard]] const Component& component(ComponentId id) const { return components[id.value]; }
  [[nodiscard]] const Component& component_of(TaskId id) const { return component(tasks[id.value].component); }
  /// "component#index", as threads, logs and errors name a task.
  [[nodiscard]] std::string name_of(TaskId id) const {
    return component_of(id).id + "#" + std::to_string(tasks[id.value].index);
  }
};

}  // namespace gale::plan
