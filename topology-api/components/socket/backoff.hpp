// SPDX-License-Identifier: Apache-2.0
//
// Backoff: how long to wait before the next try: doubling, with jitter, so that many who lost the same peer do not come
// back at once. Pure: randomness is an argument.
#pragma once

#include <algorithm>
#include <chrono>
#include <cstdint>

namespace gale::stock::socket {

class Backoff {
 public:
  Backoff(std::chrono::milliseconds first, std::chrono::milliseconds most)
      : first_(first), most_(std::max(first, most)) {}

  /// Between half of the step and all of it; `random` is any number.
  std::chrono::nanoseconds next(std::uint32_t random) {
    const std::chrono::nanoseconds step = std::min(first_ * (std::int64_t{1} << failures_), most_);
    if (failures_ < 20) ++failures_;
    return step / 2 + std::chrono::nanoseconds(step.count() / 2 * (random % 1024) / 1023);
  }
  void succeeded() noexcept { failures_ = 0; }

 private:
  std::chrono::nanoseconds first_, most_;
  unsigned failures_ = 0;
};

}  // namespace gale::stock::socket
