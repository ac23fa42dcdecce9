// SPDX-License-Identifier: Apache-2.0
//
// Turns: round robin over tasks, weighted by how full they are. A task with room has eight turns in a round, a
// congested one has one, a full one none. While all have room it is even to one tuple. Pure; one thread.
#pragma once

#include <cstdint>
#include <span>
#include <vector>

namespace gale::route {

class Turns {
 public:
  /// Percent. From half on a task's load counts; who is nearly full gets nothing while others are not.
  static constexpr std::uint32_t kHalf = 50, kNearlyFull = 75;

  /// `tasks`: the indices to choose among, at least one; `salt` spreads the starting points of several sources.
  Turns(std::vector<std::uint32_t> tasks, std::uint32_t salt);

  [[nodiscard]] std::uint32_t next() noexcept {
    const std::uint32_t chosen = order_[at_];
    at_ = at_ + 1 == order_.size() ? 0 : at_ + 1;
    return chosen;
  }
  /// `load`: how full each of tasks() is, in percent, in that order.
  void weigh(std::span<const std::uint32_t> load);
  [[nodiscard]] std::span<const std::uint32_t> tasks() const noexcept { return tasks_; }

 private:
  void arrange();

  std::vector<std::uint32_t> tasks_;
  std::vector<std::uint8_t> turns_;   // in a round, by place in tasks_
  std::vector<std::uint32_t> order_;  // one round
  std::size_t at_ = 0;
};

}  // namespace gale::route
