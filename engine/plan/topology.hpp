// SPDX-License-Identifier: Apache-2.0
//
// Topology: what a topology file says, before anybody has looked at a plugin. Every part keeps its place in the file,
// so that whoever finds a fault in it later can tell where. Plain data; faults found while reading travel along.
#pragma once

#include "engine/base/fault.hpp"
#include "engine/base/yaml.hpp"
#include "engine/plan/grammar.hpp"
#include "engine/plan/plan.hpp"
#include "engine/plan/substitute.hpp"
#include "topology-api/host/description.hpp"

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace gale::plan {

/// Text with its place; empty when the file lacks it (then a fault says so).
struct Text {
  std::string value;
  Position at;
};

/// A spout or a bolt.
struct Vertex {
  host::ComponentKind kind = host::ComponentKind::kBolt;
  Position at;
  Text id, class_name;
  std::vector<yaml::Entry> properties;
  std::optional<Position> constructor_args;  // where they are, if there are any
  std::uint32_t parallelism = 1;
  std::optional<std::uint32_t> num_tasks;
  bool pinned = false;
  std::vector<yaml::Entry> config;

  [[nodiscard]] std::uint32_t tasks() const { return num_tasks.value_or(parallelism); }
};

/// An entry of `streams`: `to` reads a stream of `from`.
struct Subscription {
  Position at;
  Text from, to, stream;
  std::optional<Grouping> grouping;  // nothing: it has a fault
  std::vector<Text> args;
  std::optional<Vertex> custom;  // a grouping of a plugin: class_name and properties
};

/// An entry of `hooks`.
struct HookEntry {
  Vertex vertex;  // class_name and properties
  std::optional<std::vector<Text>> components;
  Position components_at;
};

struct Topology {
  std::string file;  // as faults name it
  Text name;
  std::vector<Text> plugins;
  std::vector<yaml::Entry> config;
  std::vector<Vertex> vertices;  // the spouts, then the bolts, in the order of the file
  std::vector<Subscription> streams;
  std::vector<HookEntry> hooks;
  yaml::Node tests;    // as they are written: nothing is put in for ${...} there; null: there are none
  bool whole = false;  // false: it could not be read far enough for more checks to make sense
  Faults faults;
};

/// Reads `text`. Never throws for what the text holds; `file` is only what faults call it.
[[nodiscard]] Topology read_topology(std::string_view text, std::string file, const Sets& sets,
                                     const Environment& environment);

/// The same from disk. A file that is missing, unreadable, a directory or too large is one fault.
[[nodiscard]] Topology read_topology_file(const std::string& path, const Sets& sets, const Environment& environment);

}  // namespace gale::plan
