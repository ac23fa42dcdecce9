// SPDX-License-Identifier: Apache-2.0
//
// AckFrontier: the highest position below which everything is acked, for spouts over files, Kafka and the like: what
// may be committed, and where to begin again after a crash. Positions are taken in rising order and acked in any.
#pragma once

#include <cstdint>
#include <deque>

namespace gale {

class AckFrontier {
 public:
  /// `first`: the position that will be taken first at the earliest.
  explicit AckFrontier(std::uint64_t first = 0) : next_(first) {}

  /// Position `p` was emitted. Rising; gaps are allowed (compacted logs). One taken before changes nothing.
  void taken(std::uint64_t p) {
    if (p < next_ || (!open_.empty() && p <= open_.back().position)) return;
    open_.push_back({p, false});
  }
  /// Position `p` is done. One never taken, or acked before, changes nothing.
  void acked(std::uint64_t p) {
    std::size_t low = 0, high = open_.size();
    while (low < high) {
      const std::size_t middle = (low + high) / 2;
      if (open_[middle].position < p)
        low = middle + 1;
      else
        high = middle;
    }
    if (low == open_.size() || open_[low].position != p) return;
    open_[low].done = true;
    while (!open_.empty() && open_.front().done) {
      next_ = open_.front().position + 1;
      open_.pop_front();
    }
  }
  /// Where to begin after a crash: all below is done.
  [[nodiscard]] std::uint64_t next() const { return next_; }
  [[nodiscard]] std::size_t pending() const { return open_.size(); }

 private:
  struct Position {
    std::uint64_t position;
    bool done;
  };
  std::deque<Position> open_;
  std::uint64_t next_;
};

}  // namespace gale
