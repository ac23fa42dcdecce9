// SPDX-License-Identifier: Apache-2.0
#include "engine/link/credit.hpp"

#include <algorithm>

namespace gale::link {

void CreditOut::grant(std::span<const wire::Grant> grants) {
  constexpr std::uint64_t kMost = std::uint64_t{1} << 40;  // a peer's number: no sum of it may overflow
  for (Task& task : of_) task.left = task.grant = 0;
  for (const wire::Grant& grant : grants) {
    Task& task = of_[grant.task.value];
    task.left = task.grant = static_cast<std::int64_t>(std::min(grant.bytes, kMost));
  }
}

void CreditOut::revoke() { grant({}); }

bool CreditOut::give(const wire::Grant& back) noexcept {
  Task& task = of_[back.task.value];
  const auto room = static_cast<std::uint64_t>(task.grant - task.left);
  task.left += static_cast<std::int64_t>(std::min(back.bytes, room));
  return back.bytes <= room;
}

void CreditOut::wait_for(TaskId task) {
  if (of_[task.value].waited_for) return;
  of_[task.value].waited_for = true;
  waiting_.push_back(task);
}

void CreditOut::wake(std::vector<TaskId>& tasks) {
  std::erase_if(waiting_, [&](TaskId id) {
    Task& task = of_[id.value];
    if (task.left <= 0) return false;
    task.waited_for = false;
    tasks.push_back(id);
    return true;
  });
}

void CreditOut::wake_all(std::vector<TaskId>& tasks) {
  for (const TaskId id : waiting_) of_[id.value].waited_for = false;
  tasks.insert(tasks.end(), waiting_.begin(), waiting_.end());
  waiting_.clear();
}

CreditBack::CreditBack(std::size_t tasks, std::span<const wire::Grant> grants) : of_(tasks) {
  for (const wire::Grant& grant : grants) of_[grant.task.value].worth = grant.bytes / 4;
}

bool CreditBack::add(TaskId id, std::uint64_t charge) {
  Task& task = of_[id.value];
  if (charge == 0) return false;
  if (task.bytes == 0) dirty_.push_back(id);
  task.bytes += charge;
  return task.bytes >= task.worth;
}

void CreditBack::move_into(wire::LaneWriter& writer) {
  std::size_t fits = std::min(dirty_.size(), writer.room_for(wire::kGrantBytes));
  std::vector<wire::Grant> grants;
  grants.reserve(fits);
  for (; fits > 0; --fits) {
    Task& task = of_[dirty_.back().value];
    grants.push_back({dirty_.back(), task.bytes});
    task.bytes = 0;
    dirty_.pop_back();
  }
  writer.credit(grants);
}

void CreditBack::clear() {
  for (const TaskId id : dirty_) of_[id.value].bytes = 0;
  dirty_.clear();
}

}  // namespace gale::link
