// SPDX-License-Identifier: Apache-2.0
#include "engine/base/duration.hpp"

#include <charconv>
#include <utility>

namespace gale {

std::optional<Duration> parse_duration(std::string_view text) {
  constexpr double kMost = 1e9;  // seconds; a Duration of nanoseconds ends after 292 years
  double number = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
  if (error != std::errc() || !(number >= 0)) return std::nullopt;
  const std::string_view unit(end, static_cast<std::size_t>(text.data() + text.size() - end));
  for (const auto& [name, seconds] :
       {std::pair{"ms", 1e-3}, std::pair{"s", 1.0}, std::pair{"", 1.0}, std::pair{"m", 60.0}, std::pair{"h", 3600.0}}) {
    if (unit != name) continue;
    if (number * seconds > kMost) return std::nullopt;
    return std::chrono::duration_cast<Duration>(std::chrono::duration<double>(number * seconds));
  }
  return std::nullopt;
}

}  // namespace gale
