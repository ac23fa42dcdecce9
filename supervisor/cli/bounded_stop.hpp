// SPDX-License-Identifier: Apache-2.0
//
// User code may never return, and then neither does what waits for it. So a process stops within a bound (done_within):
// what is not over by then is named and left behind.
#pragma once

#include "engine/base/clock.hpp"
#include "engine/base/done_within.hpp"
#include "supervisor/cli/command.hpp"

#include <cstdio>
#include <cstdlib>
#include <string>
#include <vector>

namespace gale::cli {

/// How long user code that runs when a process stops may take to return.
inline constexpr Duration kStopMost = std::chrono::seconds(3);

/// Ends the process without another word to its threads.
[[noreturn]] inline void abandon(const std::vector<std::string>& tasks) {
  std::string names;
  for (const std::string& task : tasks) names += (names.empty() ? "" : ", ") + task;
  complain("user code has not returned for " + std::to_string(kStopMost / std::chrono::seconds(1)) +
           " s and is left behind: " + (names.empty() ? "a call of close" : names));
  std::fflush(nullptr);
  std::_Exit(kFailed);
}

}  // namespace gale::cli
