// SPDX-License-Identifier: Apache-2.0
//
// The words of a topology file: the keys of each of its maps and the names of groupings, each with a line for people.
// The reader takes what stands here and nothing else; the JSON Schema (`gale schema`) is made from the same tables.
// Settings, the keys of `config:`, have a table of their own: settings_table.hpp. Pure data.
#pragma once

#include "engine/plan/plan.hpp"

#include <cstddef>
#include <cstdint>
#include <span>
#include <string_view>

namespace gale::plan {

/// A key that may stand in a map of the file.
struct Key {
  std::string_view name;
  enum class Use { kOptional, kRequired, kRefused } use = Use::kOptional;
  std::string_view text = {};  // what it says; for kRefused: what to write instead
};

struct GroupingName {
  std::string_view name;
  Grouping grouping;
  std::string_view doc;
};

[[nodiscard]] std::span<const Key> topology_keys();
[[nodiscard]] std::span<const Key> vertex_keys();    // a spout or a bolt
[[nodiscard]] std::span<const Key> property_keys();  // an entry of properties in Flux's form, a list
[[nodiscard]] std::span<const Key> stream_keys();
[[nodiscard]] std::span<const Key> grouping_keys();
[[nodiscard]] std::span<const Key> custom_keys();      // customClass
[[nodiscard]] std::span<const Key> hook_keys();        // an entry of hooks
[[nodiscard]] std::span<const Key> test_keys();        // an entry of tests
[[nodiscard]] std::span<const Key> test_input_keys();  // an entry of a test's inputs that is no plain tuple
[[nodiscard]] std::span<const GroupingName> grouping_names();

/// Storm's rule for the name of a topology, and what a file's or socket's name can hold.
constexpr std::size_t kMostNameBytes = 100;
constexpr std::string_view kNotInNames = "/.:\\ \t\r\n";

/// Ids of components: letters, digits and these; not `__` in front, which is the engine's.
constexpr std::size_t kMostIdBytes = 64;
constexpr std::string_view kAlsoInIds = "_.-";

/// Most tasks that one topology may have.
constexpr std::uint32_t kMostTasks = 65'535;

}  // namespace gale::plan
