// SPDX-License-Identifier: Apache-2.0
//
// NoteLimiter: a text that may come ten thousand times a second and is told once a second, with a count.
#pragma once

#include "engine/base/clock.hpp"

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace gale {

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

}  // namespace gale
