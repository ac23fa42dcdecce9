// SPDX-License-Identifier: Apache-2.0
//
// Reading the log of a worker for somebody far away: the end of it, or what was added since. The log is named by
// topology and place, never by a path; nothing but regular files below the folder of logs is opened, and an answer has
// at most a mebibyte.
#pragma once

#include "engine/base/ids.hpp"
#include "engine/base/result.hpp"
#include "gale/value.hpp"

#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <optional>
#include <string>

namespace gale::node {

struct LogAsk {
  std::string topology;  // its id
  WorkerId place;
  std::uint32_t lines = 100;  // of those that match, the last ones
  std::string grep;           // only lines that have it in them; empty: all
  /// Go on where an earlier answer ended: in that file, whether or not it has become another's predecessor since.
  std::optional<std::uint64_t> offset;
  std::uint64_t file = 0;
};

struct LogPart {
  std::string text;                    // whole lines
  std::uint64_t file = 0, offset = 0;  // where the next answer goes on
  bool cut = false;                    // there was more: what is older was left out
};

inline constexpr std::uint32_t kMostLogLines = 10'000;
inline constexpr std::size_t kMostLogBytes = 1u << 20;

/// The file of a place below the folder of logs; what is full is moved on to worker-N.1.log by the worker itself.
[[nodiscard]] std::filesystem::path log_path(const std::filesystem::path& logs, const std::string& topology,
                                             WorkerId place, bool before = false);

[[nodiscard]] Result<LogPart> read_log(const std::filesystem::path& logs, const LogAsk& ask);

[[nodiscard]] LogAsk to_log_ask(const Value& map);
[[nodiscard]] Value to_value(const LogPart& part);

}  // namespace gale::node
