// SPDX-License-Identifier: Apache-2.0
//
// Backoff: something that is said again until it has helped, each time twice as late.
#pragma once

#include "engine/base/clock.hpp"

#include <algorithm>

namespace gale::link {

class Backoff {
 public:
  Backoff(Duration first, Duration most) noexcept : first_(first), most_(most), next_(first) {}

  /// Due at `at`, unless it is running already.
  void start(TimePoint at) noexcept {
    if (!running()) at_ = at;
  }
  void stop() noexcept {
    at_ = TimePoint::max();
    next_ = first_;
  }
  void restart(TimePoint at) noexcept {
    stop();
    at_ = at;
  }
  /// True when it must be said now; then it is due again later.
  bool due(TimePoint now) noexcept {
    if (now < at_) return false;
    at_ = now + next_;
    next_ = std::min(next_ * 2, most_);
    return true;
  }
  [[nodiscard]] bool running() const noexcept { return at_ != TimePoint::max(); }
  [[nodiscard]] TimePoint at() const noexcept { return at_; }
  [[nodiscard]] Duration first() const noexcept { return first_; }

 private:
  Duration first_, most_, next_;
  TimePoint at_ = TimePoint::max();
};

}  // namespace gale::link
