// SPDX-License-Identifier: Apache-2.0
//
// Credit, in bytes for each purse of a destination task, both ends of it. CreditOut: what the peer's tasks still take
// from here. CreditBack: what tasks here have executed and the peer is still to hear. Invariant: credit above zero lets
// one batch through whatever its size, so it may fall below zero, never rise above the grant. Owned by a Link.
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
  explicit CreditOut(std::size_t tasks) : of_(2 * tasks) {}

  /// The peer begins anew with these.
  void grant(std::span<const wire::Grant> grants);
  void revoke();
  void take(wire::Purse purse, std::uint64_t charge) noexcept { at(purse).left -= static_cast<std::int64_t>(charge); }
  /// False when it is more than was taken.
  [[nodiscard]] bool give(const wire::Grant& back) noexcept;
  [[nodiscard]] std::int64_t of(wire::Purse purse) const noexcept { return at(purse).left; }

  [[nodiscard]] CreditUse use_of(wire::Purse purse) const noexcept {
    const Account& t = at(purse);
    return {static_cast<std::uint64_t>(t.grant - t.left), static_cast<std::uint64_t>(t.grant)};
  }

  /// Somebody was refused and wants to hear. Nobody waits for the credit of feedback.
  void wait_for(TaskId task);
  /// Appends those who waited and now have credit.
  void wake(std::vector<TaskId>& tasks);
  /// Appends all who waited.
  void wake_all(std::vector<TaskId>& tasks);

 private:
  struct Account {
    std::int64_t left = 0, grant = 0;
    bool waited_for = false;
  };
  [[nodiscard]] Account& at(wire::Purse p) noexcept { return of_[2 * p.task.value + (p.feedback ? 1 : 0)]; }
  [[nodiscard]] const Account& at(wire::Purse p) const noexcept { return of_[2 * p.task.value + (p.feedback ? 1 : 0)]; }
  std::vector<Account> of_;  // two by TaskId
  std::vector<TaskId> waiting_;
};

class CreditBack {
 public:
  CreditBack(std::size_t tasks, std::span<const wire::Grant> grants);

  /// True when it has become worth telling by itself: a quarter of the task's grant.
  [[nodiscard]] bool add(wire::Purse purse, std::uint64_t charge);
  [[nodiscard]] std::size_t size() const noexcept { return dirty_.size(); }
  void move_into(wire::LaneWriter& writer);
  void clear();

 private:
  struct Account {
    std::uint64_t bytes = 0, worth = 0;
  };
  [[nodiscard]] Account& at(wire::Purse p) noexcept { return of_[2 * p.task.value + (p.feedback ? 1 : 0)]; }
  std::vector<Account> of_;  // two by TaskId
  std::vector<wire::Purse> dirty_;
};

}  // namespace gale::link
