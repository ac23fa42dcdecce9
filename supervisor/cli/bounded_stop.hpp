// SPDX-License-Identifier: Apache-2.0
//
// stop_within: user code may never return, and then neither does what waits for it. So a process stops within a bound:
// what is not over by then is named and left behind.
#pragma once

#include "engine/base/clock.hpp"
#include "supervisor/cli/command.hpp"

#include <cstdio>
#include <cstdlib>
#include <functional>
#include <future>
#include <memory>
#include <string>
#include <thread>
#include <vector>

namespace gale::cli {

/// How long user code that runs when a process stops may take to return.
inline constexpr Duration kStopMost = std::chrono::seconds(3);

/// Runs `stop` on a thread of its own. False: it has not returned in time, and the process must leave by abandon().
inline bool stop_within(Duration most, std::function<void()> stop) {
  const auto done = std::make_shared<std::promise<void>>();
  std::future<void> over = done->get_future();
  std::thread([done, stop = std::move(stop)] {
    stop();
    done->set_value();
  }).detach();
  return over.wait_for(most) == std::future_status::ready;
}

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
