// SPDX-License-Identifier: Apache-2.0
//
// Counters of one task: exact, always on. Written by the task's turn with plain stores, read by the reporter whenever
// it likes; a figure read while the task runs may be a turn old.
#pragma once

#include <atomic>
#include <cstdint>
#include <deque>
#include <mutex>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace gale::execute {

class Count {
 public:
  void add(std::uint64_t n) noexcept {
    value_.store(value_.load(std::memory_order_relaxed) + n, std::memory_order_relaxed);
  }
  Count& operator++() noexcept {
    add(1);
    return *this;
  }
  [[nodiscard]] std::uint64_t read() const noexcept { return value_.load(std::memory_order_relaxed); }

 private:
  std::atomic<std::uint64_t> value_{0};
};

struct Counters {
  Count emitted;      // emits, one each whatever the number of copies
  Count transferred;  // copies
  Count executed;     // inputs given to execute
  Count acked;        // bolts: inputs acked; spouts: roots
  Count failed;       // bolts: inputs failed, forgotten ones too; spouts: roots, for good
  Count thrown;       // calls of user code that threw
  Count forgotten;    // inputs neither acked, failed nor kept
  Count misuse;       // acks and emits of tuples already settled, refused
  Count dropped;      // untracked emits that could not be routed; what failed roots left in a cycle
  Count poisoned;     // inputs failed without being run, since they had crashed workers; in `failed` too
  Count late;         // inputs that came after finish()
  // Spouts.
  Count roots;  // tracked emits, replays not counted
  Count replayed;
  Count dead_letters;  // tuples that failed for good and went there
  Count timed_out;     // failures of roots, replayed or not, for want of acks
};

/// User metrics by name. Cells live as long as the task.
class UserMetrics {
 public:
  /// Any thread; rare.
  std::uint64_t* cell(std::string_view name) {
    const std::lock_guard lock(lock_);
    for (auto& [known, value] : cells_) {
      if (known == name) return &value;
    }
    return &cells_.emplace_back(std::string(name), 0).second;
  }
  /// Any thread.
  [[nodiscard]] std::vector<std::pair<std::string, std::uint64_t>> read() const {
    const std::lock_guard lock(lock_);
    std::vector<std::pair<std::string, std::uint64_t>> all;
    for (const auto& [name, value] : cells_) {
      // Its task counts with plain stores of its own (gale::Counter).
      all.emplace_back(name, std::atomic_ref(const_cast<std::uint64_t&>(value)).load(std::memory_order_relaxed));
    }
    return all;
  }

 private:
  mutable std::mutex lock_;
  std::deque<std::pair<std::string, std::uint64_t>> cells_;  // a deque: cells do not move
};

}  // namespace gale::execute
