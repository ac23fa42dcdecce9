// SPDX-License-Identifier: Apache-2.0
//
// Budget: what the tasks of a worker have emitted and no receiver has taken yet, in bytes. Beyond the limit no spout is
// asked for more, and bolts run one input a call. Bolts are not stopped by it: only they empty what others wait for.
// Threads: any.
#pragma once

#include "engine/execute/pool.hpp"

#include <algorithm>
#include <atomic>
#include <cstdint>
#include <mutex>
#include <vector>

namespace gale::execute {

class Budget {
 public:
  Budget(Pool& pool, std::uint64_t limit) : pool_(pool), limit_(static_cast<std::int64_t>(limit)) {}

  [[nodiscard]] bool exceeded() const noexcept { return bytes_.load(std::memory_order_relaxed) >= limit_; }
  [[nodiscard]] std::int64_t bytes() const noexcept { return bytes_.load(std::memory_order_relaxed); }
  /// More is held, or less. Wakes who waits when half of the limit is free.
  void change(std::int64_t by) {
    if (bytes_.fetch_add(by) + by > limit_ / 2 || !waited_for_.load()) return;
    std::vector<Schedulable*> woken;
    {
      const std::lock_guard lock(lock_);
      woken.swap(waiting_);
      waited_for_.store(false);
    }
    for (Schedulable* task : woken) pool_.wake(*task);
  }
  /// `task` is woken when there is room again. False: there is.
  [[nodiscard]] bool wait(Schedulable& task) {
    if (!exceeded()) return false;
    const std::lock_guard lock(lock_);
    waited_for_.store(true);  // before the look: who frees the last of it looks at this after
    if (bytes_.load() < limit_) return false;
    if (std::find(waiting_.begin(), waiting_.end(), &task) == waiting_.end()) waiting_.push_back(&task);
    return true;
  }

 private:
  Pool& pool_;
  const std::int64_t limit_;
  std::atomic<std::int64_t> bytes_{0};
  std::atomic<bool> waited_for_{false};
  std::mutex lock_;
  std::vector<Schedulable*> waiting_;  // each once
};

}  // namespace gale::execute
