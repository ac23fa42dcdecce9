// SPDX-License-Identifier: Apache-2.0
//
// TreeReader: the strict looks at a YAML tree that a reader needs, each of which notes its faults and goes on.
// No threads, no I/O.
#pragma once

#include "engine/base/fault.hpp"
#include "engine/base/hint.hpp"
#include "engine/base/yaml.hpp"
#include "engine/plan/grammar.hpp"
#include "engine/plan/topology.hpp"

#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace gale::plan {

class TreeReader {
 public:
  explicit TreeReader(Faults& faults) : faults_(faults) {}

  void fault(Position at, std::string text) { faults_.push_back({at, std::move(text)}); }

  /// Checks that `node`, called `name` in texts ("a spout"), is a map with these keys. False when it is no map.
  bool check_map(const yaml::Node& node, std::string_view name, std::span<const Key> keys);

  /// The items of map[key], none when it is missing, empty, or no list (a fault).
  [[nodiscard]] std::span<const yaml::Node> list(const yaml::Node& map, std::string_view key);

  /// The entries of map[key], as list().
  [[nodiscard]] std::span<const yaml::Entry> entries(const yaml::Node& map, std::string_view key);

  /// A scalar that is text; empty when it is something else (a fault).
  [[nodiscard]] Text text(const yaml::Node& node, std::string_view name);
  /// map[key] as text; empty when it is missing.
  [[nodiscard]] Text text_at(const yaml::Node& map, std::string_view key);

  /// map[key] as a whole number within the limits; nothing when it is missing or wrong (a fault).
  [[nodiscard]] std::optional<std::uint32_t> count_at(const yaml::Node& map, std::string_view key, std::uint32_t most);

 private:
  void check_key(const yaml::Entry& entry, std::string_view name, std::span<const Key> keys, Names& meant);

  Faults& faults_;
};

}  // namespace gale::plan
