// SPDX-License-Identifier: Apache-2.0
//
// The time of day, for people to read and for what outlives a process. Never for a timeout: it may jump.
#pragma once

#include <chrono>
#include <cstdint>

namespace gale {

/// Milliseconds since 1970.
[[nodiscard]] inline std::int64_t wall_ms() {
  return std::chrono::duration_cast<std::chrono::milliseconds>(std::chrono::system_clock::now().time_since_epoch())
      .count();
}

}  // namespace gale
