// SPDX-License-Identifier: Apache-2.0
//
// Upload: the rules by which a plugin comes in parts, the same for every kind of store. Pure.
#pragma once

#include "engine/base/result.hpp"

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace gale::master {

/// No plugin is larger: what comes is written to disk before anything can be known of it.
inline constexpr std::uint64_t kMostPluginBytes = std::uint64_t{1} << 30;

struct Upload {
  std::uint64_t total = 0, bytes = 0;  // bytes: how many of them are there, from the first on
  [[nodiscard]] bool complete() const { return bytes == total; }
};

/// What is to be done with a part.
struct Taken {
  std::string_view fresh;  // its bytes that are not there yet; none: nothing
  bool anew = false;       // what is there was announced with another size and is dropped first
};

[[nodiscard]] Result<Taken> take_part(const std::string& sha256, const std::optional<Upload>& have, std::uint64_t total,
                                      std::uint64_t offset, std::string_view part);

/// What the sender of a plugin that is another one hears.
[[nodiscard]] Failed other_hash(const std::string& sha256, const std::string& found);
[[nodiscard]] Failed no_plugin(const std::string& sha256);

}  // namespace gale::master
