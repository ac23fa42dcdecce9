// SPDX-License-Identifier: Apache-2.0
//
// Groupings: which tasks of a component get a copy of a tuple. One object for each (source task, subscription); it
// knows numbers within the destination component and nothing of queues. Threads: the source task's.
#pragma once

#include "engine/plan/plan.hpp"
#include "engine/route/key.hpp"

#include <cstdint>

namespace gale::route {

class Grouping {
 public:
  /// `salt` spreads the starting points of several sources (their task index).
  Grouping(const plan::Edge& edge, std::uint32_t tasks, std::uint32_t groups, std::uint32_t salt)
      : edge_(&edge), tasks_(tasks), groups_(groups), turn_(salt % tasks) {}

  static constexpr std::uint32_t kEvery = 0xffffffff;   // a copy for each task
  static constexpr std::uint32_t kNobody = 0xfffffffe;  // the key is an array, a map or malformed

  /// The task's index, kEvery or kNobody.
  [[nodiscard]] std::uint32_t choose(const std::uint8_t* values, const std::uint8_t* end) noexcept {
    switch (edge_->grouping) {
      case plan::Grouping::kShuffle:
        return shuffle();
      case plan::Grouping::kFields:
        return by_key(values, end);
      case plan::Grouping::kGlobal:
        return 0;
      case plan::Grouping::kAll:
        return tasks_ == 1 ? 0 : kEvery;
    }
    return kNobody;
  }
  [[nodiscard]] const plan::Edge& edge() const noexcept { return *edge_; }
  [[nodiscard]] std::uint32_t tasks() const noexcept { return tasks_; }

 private:
  std::uint32_t shuffle() noexcept {  // round robin: even to one tuple
    if (tasks_ == 1) return 0;
    const std::uint32_t chosen = turn_;
    turn_ = turn_ + 1 == tasks_ ? 0 : turn_ + 1;
    return chosen;
  }
  [[nodiscard]] std::uint32_t by_key(const std::uint8_t* values, const std::uint8_t* end) const noexcept {
    const auto hash = key_hash(values, end, edge_->key);
    return hash ? task_of(*hash, groups_, tasks_) : kNobody;
  }

  const plan::Edge* edge_;
  std::uint32_t tasks_, groups_, turn_;
};

}  // namespace gale::route
