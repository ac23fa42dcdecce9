// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "engine/base/clock.hpp"

#include <functional>
#include <future>
#include <memory>
#include <thread>
#include <utility>

namespace gale {

/// Runs `work` on a thread of its own. False: it has not returned in time, and goes on: what it uses must live for
/// ever.
inline bool done_within(Duration most, std::function<void()> work) {
  const auto done = std::make_shared<std::promise<void>>();
  std::future<void> over = done->get_future();
  std::thread([done, work = std::move(work)] {
    work();
    done->set_value();
  }).detach();
  return over.wait_for(most) == std::future_status::ready;
}

}  // namespace gale
