// SPDX-License-Identifier: Apache-2.0
//
// Replays: what one spout task would emit again. Packed tuples of pending roots whose replay is the engine's, by slot,
// and those that failed and wait for their next attempt, by time. Bounded in bytes by whoever asks full().
// Threads: the spout task's turn. Time is an argument.
#pragma once

#include "engine/base/clock.hpp"
#include "engine/base/ids.hpp"

#include <algorithm>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace gale::execute {

/// A failed tuple that will be tried again as a fresh root.
struct Retry {
  TimePoint due{};
  std::uint64_t message = 0;
  std::uint16_t stream = 0;
  std::uint16_t attempt = 1;  // the one to come
  std::optional<TaskId> to;   // named by a direct emit
  std::string values;
  friend bool operator>(const Retry& a, const Retry& b) { return a.due > b.due; }
};

class Replays {
 public:
  explicit Replays(std::uint32_t slots) : slots_(slots) {}

  void hold(std::uint32_t slot, std::uint16_t stream, std::string_view values, std::optional<TaskId> to = {}) {
    if (__builtin_expect(slot >= held_.size(), 0)) held_.resize(std::min<std::size_t>(slots_, (slot + 1) * 2));
    Held& h = held_[slot];
    h.stream = stream;
    h.to = to;
    h.values.assign(values);
    h.live = true;
    bytes_ += values.size();
  }
  /// The root is done.
  void drop(std::uint32_t slot) {
    if (!holds(slot)) return;
    Held& h = held_[slot];
    bytes_ -= h.values.size();
    h.live = false;
    if (h.values.capacity() > kKeepRoom) h.values = {};  // a slot keeps small room: no malloc a tuple
  }
  /// The root failed: its tuple waits until `due`. False when the engine does not hold it.
  bool retry(std::uint32_t slot, std::uint64_t message, std::uint16_t attempt, TimePoint due) {
    if (!holds(slot)) return false;
    Held& h = held_[slot];
    waiting_.push_back({due, message, h.stream, attempt, h.to, h.values});
    std::push_heap(waiting_.begin(), waiting_.end(), std::greater<>());
    h.live = false;  // the bytes stay counted: they only moved
    return true;
  }
  /// The root failed for good: what is held for it is something else from now on.
  void replace(std::uint32_t slot, std::uint16_t stream, std::string values) {
    Held& h = held_[slot];
    bytes_ = bytes_ - h.values.size() + values.size();
    h.stream = stream;
    h.to.reset();
    h.values = std::move(values);
  }
  [[nodiscard]] std::uint16_t stream_of(std::uint32_t slot) const { return held_[slot].stream; }
  [[nodiscard]] std::string_view values_of(std::uint32_t slot) const { return held_[slot].values; }
  [[nodiscard]] bool holds(std::uint32_t slot) const { return slot < held_.size() && held_[slot].live; }

  std::optional<Retry> take_due(TimePoint now) {
    if (waiting_.empty() || waiting_.front().due > now) return std::nullopt;
    std::pop_heap(waiting_.begin(), waiting_.end(), std::greater<>());
    Retry r = std::move(waiting_.back());
    waiting_.pop_back();
    bytes_ -= r.values.size();
    return r;
  }
  [[nodiscard]] TimePoint next_due() const { return waiting_.empty() ? TimePoint::max() : waiting_.front().due; }
  [[nodiscard]] std::size_t waiting() const { return waiting_.size(); }
  [[nodiscard]] std::uint64_t bytes() const { return bytes_; }

 private:
  static constexpr std::size_t kKeepRoom = 1024;
  struct Held {
    std::string values;
    std::optional<TaskId> to;
    std::uint16_t stream = 0;
    bool live = false;
  };
  const std::uint32_t slots_;
  std::vector<Held> held_;      // by slot, as far as they were used
  std::vector<Retry> waiting_;  // a heap by time
  std::uint64_t bytes_ = 0;
};

/// 100 ms, doubling, at most 10 s.
inline Duration backoff(std::uint16_t failed_attempt) {
  const unsigned doublings = std::min<unsigned>(failed_attempt - 1u, 7);
  return std::min<Duration>(std::chrono::milliseconds(100) * (1u << doublings), std::chrono::seconds(10));
}

}  // namespace gale::execute
