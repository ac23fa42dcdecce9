// SPDX-License-Identifier: Apache-2.0
#include "engine/execute/inbox.hpp"

#include <algorithm>

namespace gale::execute {

namespace {
constexpr Duration kNewTurn = std::chrono::seconds(1);
}

Inbox::~Inbox() {  // wakes nobody: senders may be gone already
  for (Queue* queue : {&forward_, &feedback_}) {
    while (queue->head != nullptr) {
      const wire::BatchPtr batch(queue->head);
      queue->head = batch->next;
    }
  }
}

void Inbox::push(wire::BatchPtr batch) {  // under lock_
  Queue& queue = batch->feedback ? feedback_ : forward_;
  wire::Batch* b = batch.release();
  b->next = nullptr;
  queue.bytes.store(queue.bytes.load(std::memory_order_relaxed) + b->bytes, std::memory_order_relaxed);
  count_.store(count_.load(std::memory_order_relaxed) + 1, std::memory_order_release);
  (queue.tail == nullptr ? queue.head : queue.tail->next) = b;
  queue.tail = b;
}

bool Inbox::offer(wire::BatchPtr& batch, Schedulable& sender) {
  {
    const std::lock_guard lock(lock_);
    const bool full = !batch->end && forward_.bytes.load(std::memory_order_relaxed) >= limit_;
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
  if (forward_.bytes.load(std::memory_order_relaxed) <= limit_ / 2) return false;
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

Inbox::Queue& Inbox::next_queue(TimePoint now) {  // under lock_
  const bool multiplies = feedback_.bytes.load(std::memory_order_relaxed) > cycle_limit_ / 2;
  const bool turn_of_new = forward_.head != nullptr && ((multiplies && took_feedback_) || now >= forward_until_);
  took_feedback_ = feedback_.head != nullptr && !turn_of_new;
  if (!took_feedback_) forward_until_ = now + kNewTurn;
  return took_feedback_ ? feedback_ : forward_;
}

wire::BatchPtr Inbox::take(TimePoint now) {
  std::vector<Schedulable*> woken;
  wire::BatchPtr batch;
  {
    const std::lock_guard lock(lock_);
    Queue& queue = next_queue(now);
    if (queue.head == nullptr) return nullptr;
    batch.reset(queue.head);
    queue.head = queue.head->next;
    if (queue.head == nullptr) queue.tail = nullptr;
    batch->next = nullptr;
    const std::uint64_t left = queue.bytes.load(std::memory_order_relaxed) - batch->bytes;
    queue.bytes.store(left, std::memory_order_relaxed);
    count_.store(count_.load(std::memory_order_relaxed) - 1, std::memory_order_release);
    if (&queue == &forward_ && !waiting_.empty() && left <= limit_ / 2) woken.swap(waiting_);
  }
  for (Schedulable* sender : woken) pool_.wake(*sender);
  return batch;
}

}  // namespace gale::execute
