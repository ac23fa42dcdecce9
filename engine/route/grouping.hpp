// SPDX-License-Identifier: Apache-2.0
//
// Groupings: which tasks of a component get a copy of a tuple. One object for each (source task, subscription); it
// knows numbers within the destination component and nothing of queues. Groupings that a plugin brings and direct
// emits are chosen by execute/, which calls user code. Threads: the source task's.
#pragma once

#include "engine/plan/plan.hpp"
#include "engine/route/key.hpp"
#include "engine/route/turns.hpp"

#include <cstdint>
#include <span>
#include <vector>

namespace gale::route {

/// The component that reads, as one source task sees it.
struct Readers {
  std::uint32_t tasks = 1;
  std::uint32_t key_groups = 1024;
  std::uint32_t salt = 0;            // spreads the starting points of several sources: their task index
  std::vector<std::uint32_t> local;  // indices of the tasks in the source's own worker
  bool look_at_load = true;          // SHUFFLE and LOCAL_OR_SHUFFLE prefer tasks that have room
};

class Grouping {
 public:
  Grouping(const plan::Edge& edge, const Readers& readers);

  static constexpr std::uint32_t kEvery = 0xffffffff;    // a copy for each task
  static constexpr std::uint32_t kNobody = 0xfffffffe;   // the key is an array, a map or malformed
  static constexpr std::uint32_t kNotHere = 0xfffffffd;  // another subscription has the named task
  static constexpr std::uint32_t kSome = 0xfffffffc;     // user code has chosen, the caller knows whom
  static constexpr std::uint32_t kFirstSpecial = kSome;

  /// The task's index, kEvery or kNobody. Not for kDirect and kCustom, whose choice is not made here.
  [[nodiscard]] std::uint32_t choose(const std::uint8_t* values, const std::uint8_t* end) noexcept {
    switch (edge_->grouping) {
      case plan::Grouping::kShuffle:
      case plan::Grouping::kNone:
      case plan::Grouping::kLocalOrShuffle:
        return turns_.next();
      case plan::Grouping::kFields:
        return by_key(values, end);
      case plan::Grouping::kPartialKey:
        return by_partial_key(values, end);
      case plan::Grouping::kGlobal:
        return 0;
      case plan::Grouping::kAll:
        return tasks_ == 1 ? 0 : kEvery;
      case plan::Grouping::kDirect:
      case plan::Grouping::kCustom:
        break;
    }
    return kNobody;
  }
  /// Among whom choose() takes turns with an eye on their load; empty when load does not matter.
  [[nodiscard]] std::span<const std::uint32_t> weighed() const noexcept;
  /// How full each of weighed() is, in percent.
  void weigh(std::span<const std::uint32_t> load) { turns_.weigh(load); }

  [[nodiscard]] const plan::Edge& edge() const noexcept { return *edge_; }
  [[nodiscard]] std::uint32_t tasks() const noexcept { return tasks_; }

 private:
  [[nodiscard]] std::uint32_t by_key(const std::uint8_t* values, const std::uint8_t* end) const noexcept {
    const auto hash = key_hash(values, end, edge_->key);
    return hash ? task_of(*hash, groups_, tasks_) : kNobody;
  }
  std::uint32_t by_partial_key(const std::uint8_t* values, const std::uint8_t* end) noexcept;

  const plan::Edge* edge_;
  std::uint32_t tasks_, groups_;
  bool look_at_load_;
  Turns turns_;
  std::vector<std::uint64_t> sent_;  // for kPartialKey: to each task, by this source
};

}  // namespace gale::route
