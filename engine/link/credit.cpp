// SPDX-License-Identifier: Apache-2.0
#include "engine/link/credit.hpp"

#include <algorithm>

namespace gale::link {

void CreditOut::grant(std::span<const wire::Grant> grants) {
  constexpr std::uint64_t kMost = std::uint64_t{1} << 40;  // a peer's number: no sum of it may overflow
  for (Account& account : of_) account.left = account.grant = 0;
  for (const wire::Grant& grant : grants) {
    Account& account = at(grant.purse);
    account.left = account.grant = static_cast<std::int64_t>(std::min(grant.bytes, kMost));
  }
}

void CreditOut::revoke() { grant({}); }

bool CreditOut::give(const wire::Grant& back) noexcept {
  Account& account = at(back.purse);
  const auto room = static_cast<std::uint64_t>(account.grant - account.left);
  account.left += static_cast<std::int64_t>(std::min(back.bytes, room));
  return back.bytes <= room;
}

void CreditOut::wait_for(TaskId task) {
  Account& account = at({task});
  if (account.waited_for) return;
  account.waited_for = true;
  waiting_.push_back(task);
}

void CreditOut::wake(std::vector<TaskId>& tasks) {
  std::erase_if(waiting_, [&](TaskId id) {
    Account& account = at({id});
    if (account.left <= 0) return false;
    account.waited_for = false;
    tasks.push_back(id);
    return true;
  });
}

void CreditOut::wake_all(std::vector<TaskId>& tasks) {
  for (const TaskId id : waiting_) at({id}).waited_for = false;
  tasks.insert(tasks.end(), waiting_.begin(), waiting_.end());
  waiting_.clear();
}

CreditBack::CreditBack(std::size_t tasks, std::span<const wire::Grant> grants) : of_(2 * tasks) {
  for (const wire::Grant& grant : grants) at(grant.purse).worth = grant.bytes / 4;
}

bool CreditBack::add(wire::Purse purse, std::uint64_t charge) {
  Account& account = at(purse);
  if (charge == 0) return false;
  if (account.bytes == 0) dirty_.push_back(purse);
  account.bytes += charge;
  return account.bytes >= account.worth;
}

void CreditBack::move_into(wire::LaneWriter& writer) {
  std::size_t fits = std::min(dirty_.size(), writer.room_for(wire::kGrantBytes));
  std::vector<wire::Grant> grants;
  grants.reserve(fits);
  for (; fits > 0; --fits) {
    Account& account = at(dirty_.back());
    grants.push_back({dirty_.back(), account.bytes});
    account.bytes = 0;
    dirty_.pop_back();
  }
  writer.credit(grants);
}

void CreditBack::clear() {
  for (const wire::Purse purse : dirty_) at(purse).bytes = 0;
  dirty_.clear();
}

}  // namespace gale::link
