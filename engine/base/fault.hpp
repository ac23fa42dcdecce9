// SPDX-License-Identifier: Apache-2.0
//
// Fault: what is wrong in a file somebody wrote, and where. Readers collect all of them and report them in one go.
// Plain data, no threads.
#pragma once

#include <compare>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace gale {

/// A place in a text; both count from 1, columns in bytes. Line 0: no place in the text (a command-line option).
struct Position {
  std::uint32_t line = 0, column = 0;
  friend auto operator<=>(const Position&, const Position&) = default;
};

struct Fault {
  Position at;
  std::string text;
  friend bool operator==(const Fault&, const Fault&) = default;
};

using Faults = std::vector<Fault>;

/// By place; those without one come last. Equal ones are reported once.
void sort_faults(Faults& faults);

/// "file:line:column: text", or "file: text" without a place.
[[nodiscard]] std::string render(const Fault& fault, std::string_view file);

}  // namespace gale
