// SPDX-License-Identifier: Apache-2.0
//
// Backoff: something that is said again until it has helped, each time twice as late. Note limiter: a text that may
// come ten thousand times a second and is told once a second, with a count.
#pragma once

#include "engine/base/clock.hpp"

#include <algorithm>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

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

class NoteLimiter {
 public:
  /// The text to tell now, if any; what was held back is counted in the next one.
  std::optional<std::string> note(std::string_view text, TimePoint now) {
    if (told_ && now - last_ < std::chrono::seconds(1)) {
      ++held_;
      return std::nullopt;
    }
    std::string line(text);
    if (held_ > 0) line += " (and " + std::to_string(held_) + " more like it before)";
    held_ = 0;
    told_ = true;
    last_ = now;
    return line;
  }

 private:
  bool told_ = false;
  TimePoint last_{};
  std::uint64_t held_ = 0;
};

}  // namespace gale::link
