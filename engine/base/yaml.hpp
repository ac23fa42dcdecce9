// SPDX-License-Identifier: Apache-2.0
//
// YAML, as strictly as a configuration file deserves: a document tree in which every node knows its place. The only
// door to yaml-cpp, which stays behind yaml.cpp.
// Refused: aliases and anchors, duplicate keys, keys that are not plain text, foreign tags, a second document, text
// that is not UTF-8, and whatever is beyond the limits; they hold before anything is built, so no input is a bomb. No
// threads, no I/O.
#pragma once

#include "engine/base/fault.hpp"

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

namespace gale::yaml {

struct Limits {
  std::size_t bytes = std::size_t{1} << 20;
  std::size_t depth = 32;  // lists and maps within each other
  std::size_t nodes = 10'000;
};

enum class Kind { kScalar, kSequence, kMap };

struct Entry;

struct Node {
  Kind kind = Kind::kScalar;
  Position at;
  std::string text;            // a scalar's
  bool quoted = false;         // a scalar that is a string whatever its text: quoted, a block, or tagged !!str
  bool substituted = false;    // a scalar whose whole text came from outside (engine/plan/substitute.hpp)
  std::vector<Node> items;     // a sequence's
  std::vector<Entry> entries;  // a map's, in the order of the text

  /// The value of a map's key; nothing when this is no map or has no such key.
  [[nodiscard]] const Node* find(std::string_view key) const;
  /// Nothing written, or `null` or `~`.
  [[nodiscard]] bool is_null() const;
};

struct Entry {
  std::string key;
  Position key_at;
  Node value;
};

/// What a scalar says by YAML's core schema: quoted is always text, `yes` and `no` are text.
using Scalar = std::variant<std::nullptr_t, bool, std::int64_t, std::uint64_t, double, std::string>;
[[nodiscard]] Scalar resolve(const Node& scalar);

/// "a list", "a map", "a string", "an integer", "a double", "a bool" or "nothing", as error texts say it.
[[nodiscard]] const char* what(const Node& node);

struct Document {
  Node root;           // null when the text says nothing
  bool whole = false;  // false: reading stopped at a fault, root is empty
  Faults faults;       // duplicate keys leave the document whole
};

[[nodiscard]] Document parse(std::string_view text, const Limits& limits = {});

/// The refusal of a text of more than Limits::bytes, for whoever learns the size before reading.
[[nodiscard]] Fault too_large(std::size_t bytes, const Limits& limits = {});

}  // namespace gale::yaml
