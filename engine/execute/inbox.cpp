// SPDX-License-Identifier: Apache-2.0
#include "engine/execute/inbox.hpp"

#include <algorithm>

namespace gale::execute {

Inbox::~Inbox() {  // wakes nobody: senders may be gone already
  while (head_ != nullptr) {
    const wire::BatchPtr batch(head_);
    head_ = batch->next;
  }
}

void Inbox::push(wire::BatchPtr batch) {  // under lock_
  wire::Batch* b = batch.release();
  b->next = nullptr;
  bytes_.store(bytes_.load(std::memory_order_relaxed) + b->bytes, std::memory_order_relaxed);
  count_.store(count_.load(std::memory_order_relaxed) + 1, std::memory_order_release);
  (tail_ == nullptr ? head_ : tail_->next) = b;
  tail_ = b;
}

bool Inbox::offer(wire::BatchPtr& batch, Schedulable& sender) {
  {
    const std::lock_guard lock(lock_);
    const bool full = !batch->end && bytes_.load(std::memory_order_relaxed) >= limit_;
    if (full) {
      note_waiting(sender);
      return false;
    }
    push(std::move(batch));
  }
  pool_.wake(owner_);
  return true;
}

bool Inbox::wait_for_room(Schedulable& sender) {
  const std::lock_guard lock(lock_);
  if (bytes_.load(std::memory_order_relaxed) <= limit_ / 2) return false;
  note_waiting(sender);
  return true;
}

void Inbox::note_waiting(Schedulable& sender) {  // under lock_
  if (std::find(waiting_.begin(), waiting_.end(), &sender) == waiting_.end()) waiting_.push_back(&sender);
}

void Inbox::deliver(wire::BatchPtr batch) {
  {
    const std::lock_guard lock(lock_);
    push(std::move(batch));
  }
  pool_.wake(owner_);
}

wire::BatchPtr Inbox::take() {
  std::vector<Schedulable*> woken;
  wire::BatchPtr batch;
  {
    const std::lock_guard lock(lock_);
    if (head_ == nullptr) return nullptr;
    batch.reset(head_);
    head_ = head_->next;
    if (head_ == nullptr) tail_ = nullptr;
    batch->next = nullptr;
    const std::uint64_t left = bytes_.load(std::memory_order_relaxed) - batch->bytes;
    bytes_.store(left, std::memory_order_relaxed);
    count_.store(count_.load(std::memory_order_relaxed) - 1, std::memory_order_release);
    if (!waiting_.empty() && left <= limit_ / 2) woken.swap(waiting_);
  }
  for (Schedulable* sender : woken) pool_.wake(*sender);
  return batch;
}

}  // namespace gale::execute
