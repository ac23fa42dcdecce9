// SPDX-License-Identifier: Apache-2.0
//
// The key of a fields grouping: a hash over values, not over bytes, so that 5 packed as one byte and 5 packed as nine
// go to the same task (D10). XXH3 (xxhash.com) over a tag of the type and the canonical value: integers by value, -0 is
// 0, there is one NaN; a string is not bytes, an integer is not a double. Pure.
#pragma once

#include <cstdint>
#include <optional>
#include <span>

namespace gale::route {

/// The hash of the values at `positions` of one packed tuple; nothing when one of them is an array or a map (they have
/// no canonical form), or the bytes are malformed.
[[nodiscard]] std::optional<std::uint64_t> key_hash(const std::uint8_t* values, const std::uint8_t* end,
                                                    std::span<const std::uint16_t> positions) noexcept;

/// Hash -> key group -> one of `tasks` tasks: groups map to tasks in ranges, so that state can move by group later.
[[nodiscard]] inline std::uint32_t task_of(std::uint64_t hash, std::uint32_t groups, std::uint32_t tasks) noexcept {
  const auto group = static_cast<std::uint32_t>((static_cast<unsigned __int128>(hash) * groups) >> 64);
  return static_cast<std::uint32_t>(std::uint64_t{group} * tasks / groups);
}

}  // namespace gale::route
