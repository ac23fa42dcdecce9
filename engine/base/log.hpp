// SPDX-License-Identifier: Apache-2.0
//
// The one log of a process: lines on stderr, `time level [where] text`. Any thread. The hot path counts and never logs.
// spdlog stays behind log.cpp, so that nobody pays for its headers.
#pragma once

#include <string_view>

namespace gale::log {

enum class Level { kDebug, kInfo, kWarn, kError, kOff };

/// Of a plugin's GALE_LOG_...; one of a newer minor is an error.
[[nodiscard]] constexpr Level level_of(unsigned plugin) noexcept {
  return plugin < static_cast<unsigned>(Level::kError) ? static_cast<Level>(plugin) : Level::kError;
}

/// Before the first line: what is shown, and a name for this process ("worker 1.3"), empty for none. `fd`: where lines
/// go, a write(2) each.
void start(Level least, std::string_view process_name, int fd = 2);
void line(Level level, std::string_view where, std::string_view text);

inline void debug(std::string_view where, std::string_view text) { line(Level::kDebug, where, text); }
inline void info(std::string_view where, std::string_view text) { line(Level::kInfo, where, text); }
inline void warn(std::string_view where, std::string_view text) { line(Level::kWarn, where, text); }
inline void error(std::string_view where, std::string_view text) { line(Level::kError, where, text); }

}  // namespace gale::log
