// SPDX-License-Identifier: Apache-2.0
//
// Credit, in bytes for each destination task, both ends of it. CreditOut: what the peer's tasks still take from here.
// CreditBack: what tasks here have executed and the peer is still to hear.
// Invariant: credit above zero lets one batch through whatever its size, so it may fall below zero, never rise above
// the grant. Owned by a Link.
#pragma once

#include "engine/base/ids.hpp"
#include "engine/wire/lane_frame.hpp"

#include <cstdint>
#include <span>
#include <vector>

namespace gale::link {

struct CreditUse {
  std::uint64_t used = 0, grant = 0;  // bytes
};

class CreditOut {
 public:
  explicit CreditOut(std::size_t tasks) : of_(tasks) {}

  /// The peer begins anew with these.
  void grant(std::span<const wire::Grant> grants);
  void revoke();
  void take(TaskId task, std::uint64_t charge) noexcept { of_[task.value].left -= static_cast<std::int64_t>(charge); }
  /// False when it is more than was taken.
  [[nodiscard]] bool give(const wire::Grant& back) noexcept;
  [[nodiscard]] std::int64_t of(TaskId task) const noexcept { return of_[task.value].left; }

  [[nodiscard]] CreditUse use_of(TaskId task) const noexcept {
    const Task& t = of_[task.value];
    return {static_cast<std::uint64_t>(t.grant - t.left), static_cast<std::uint64_t>(t.grant)};
  }

  /// Somebody was refused and wants to hear.
  void wait_for(TaskId task);
  /// Appends those who waited and now have credit.
  void wake(std::vector<TaskId>& tasks);
  /// Appends all who waited.
  void wake_all(std::vector<TaskId>& tasks);

 private:
  struct Task {
    std::int64_t left = 0, grant = 0;
    bool waited_for = false;
  };
  std::vector<Task> of_;  // by TaskId
  std::vector<TaskId> waiting_;
};

class CreditBack {
 public:
  CreditBack(std::size_t tasks, std::span<const wire::Grant> grants);

  /// True when it has become worth telling by itself: a quarter of the task's grant.
  [[nodiscard]] bool add(TaskId task, std::uint64_t charge);
  [[nodiscard]] std::size_t size() const noexcept { return dirty_.size(); }
  void move_into(wire::LaneWriter& writer);
  void clear();

 private:
  struct Task {
    std::uint64_t bytes = 0, worth = 0;
  };
  std::vector<Task> of_;  // by TaskId
  std::vector<TaskId> dirty_;
};

}  // namespace gale::link
