// SPDX-License-Identifier: Apache-2.0
//
// Inbox: batches that wait for one task, bounded in bytes. Credit above zero lets one batch through whatever its size,
// so a tuple larger than the bound still moves. Threads: offer() and deliver() from any (they write), take() from the
// task's turn (it reads). Full means: the batch is left with its sender, who is woken when half of the room is free
// again.
// What comes round a cycle has a queue, a bound and a door of its own (feedback()), and is taken first: so new tuples
// enter a cycle as fast as old ones leave it. Half full, the cycle multiplies what enters it, and the two take turns:
// most that comes round will fail, and what is new must not wait for it. However much comes round, new input and ENDs
// have a turn each second.
#pragma once

#include "engine/execute/destination.hpp"
#include "engine/execute/pool.hpp"

#include <atomic>
#include <cstdint>
#include <mutex>
#include <vector>

namespace gale::execute {

class Inbox final : public Destination {
 public:
  Inbox(Pool& pool, Schedulable& owner, std::uint32_t limit_bytes, std::uint32_t cycle_bytes)
      : pool_(pool), owner_(owner), limit_(limit_bytes), cycle_limit_(cycle_bytes) {}
  ~Inbox() override;

  bool offer(wire::BatchPtr& batch, Schedulable& sender) override;
  [[nodiscard]] bool wait_for_room(Schedulable& sender) override;
  [[nodiscard]] Fill fill() override { return {forward_.bytes.load(std::memory_order_relaxed), limit_}; }
  /// For senders along edges that close a cycle. It never refuses: who waited there might wait for itself. They look at
  /// its fill() before they emit.
  [[nodiscard]] Destination& feedback() noexcept { return feedback_door_; }
  /// From a link, which has counted its own credit: always taken.
  void deliver(wire::BatchPtr batch);

  /// The oldest batch, or nothing. Wakes senders that wait for room.
  wire::BatchPtr take(TimePoint now);

  /// Every batch that waits, under the lock: for rare looks.
  template <class F>
  void each(F&& look) {
    const std::lock_guard lock(lock_);
    for (const Queue* queue : {&forward_, &feedback_}) {
      for (const wire::Batch* b = queue->head; b != nullptr; b = b->next) look(b->data, b->data + b->bytes);
    }
  }

  [[nodiscard]] std::uint64_t bytes() const noexcept {
    return forward_.bytes.load(std::memory_order_relaxed) + feedback_.bytes.load(std::memory_order_relaxed);
  }
  [[nodiscard]] bool empty() const noexcept { return count_.load(std::memory_order_acquire) == 0; }

 private:
  struct Queue {
    wire::Batch* head = nullptr;
    wire::Batch* tail = nullptr;
    std::atomic<std::uint64_t> bytes{0};
  };
  class FeedbackDoor final : public Destination {
   public:
    explicit FeedbackDoor(Inbox& inbox) : inbox_(inbox) {}
    bool offer(wire::BatchPtr& batch, Schedulable& /*sender*/) override {
      inbox_.deliver(std::move(batch));
      return true;
    }
    [[nodiscard]] bool wait_for_room(Schedulable& /*sender*/) override { return false; }
    [[nodiscard]] Fill fill() override {
      return {inbox_.feedback_.bytes.load(std::memory_order_relaxed), inbox_.cycle_limit_};
    }

   private:
    Inbox& inbox_;
  };
  void note_waiting(Schedulable& sender);
  void push(wire::BatchPtr batch);
  Queue& next_queue(TimePoint now);

  Pool& pool_;
  Schedulable& owner_;
  const std::uint32_t limit_, cycle_limit_;
  std::mutex lock_;
  Queue forward_, feedback_;  // written under lock_
  bool took_feedback_ = false;
  TimePoint forward_until_{};          // when new input has a turn again, whatever comes round
  std::vector<Schedulable*> waiting_;  // each once
  std::atomic<std::uint32_t> count_{0};
  FeedbackDoor feedback_door_{*this};
};

}  // namespace gale::execute
