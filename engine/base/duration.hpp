// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "engine/base/clock.hpp"

#include <optional>
#include <string_view>

namespace gale {

/// "500ms", "10s", "5m", "2h"; a number alone is seconds, fractions are allowed, 31 years are the most.
[[nodiscard]] std::optional<Duration> parse_duration(std::string_view text);

}  // namespace gale
