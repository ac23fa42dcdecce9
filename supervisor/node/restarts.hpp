// SPDX-License-Identifier: Apache-2.0
//
// Restarts: when a worker that died may be started again: after 0, 1, 2, 4 ... 30 s, each up to a fifth shorter or
// longer so that twenty of them do not die in step; the longest are never shortened, so that 180 s see at most 12
// starts. A life of a minute is healthy and forgives what was before. Pure: time and chance are passed in.
#pragma once

#include "engine/base/clock.hpp"

#include <algorithm>
#include <cstdint>

namespace gale::node {

class Restarts {
 public:
  static constexpr Duration kHealthy = std::chrono::seconds(60);
  static constexpr Duration kMost = std::chrono::seconds(30);
  static constexpr std::uint32_t kLoop = 3;  // quick deaths in a row that are a crash loop

  /// After a life of `lived`. `chance`: 0..1, evenly.
  void died(TimePoint now, Duration lived, double chance) {
    quick_ = lived >= kHealthy ? 1 : quick_ + 1;
    if (quick_ == 1) {
      start_at_ = now;
      return;
    }
    const Duration pause = std::min<Duration>(std::chrono::seconds(1) * (1u << std::min(quick_ - 2, 6u)), kMost);
    const double least = pause == kMost ? 1.0 : 0.8;
    start_at_ = now + std::chrono::duration_cast<Duration>(pause * (least + (1.2 - least) * chance));
  }
  /// It could not be started for a reason of the host's own: again in a second.
  void postpone(TimePoint now) { start_at_ = std::max(start_at_, now + std::chrono::seconds(1)); }

  [[nodiscard]] TimePoint start_at() const noexcept { return start_at_; }
  /// Until a life is healthy. `up`: how long the present one has been, nothing when there is none.
  [[nodiscard]] bool looping(Duration up) const noexcept { return quick_ >= kLoop && up < kHealthy; }
  [[nodiscard]] std::uint32_t quick_deaths() const noexcept { return quick_; }

 private:
  std::uint32_t quick_ = 0;
  TimePoint start_at_{};
};

}  // namespace gale::node
