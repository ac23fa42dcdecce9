// SPDX-License-Identifier: Apache-2.0
//
// Inbox: batches that wait for one task, bounded in bytes. Credit above zero lets one batch through whatever its size,
// so a tuple larger than the bound still moves. Threads: offer() and deliver() from any (they write), take() from the
// task's turn (it reads). Full means: the batch is left with its sender, who is woken when half of the room is free
// again.
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
  Inbox(Pool& pool, Schedulable& owner, std::uint32_t limit_bytes) : pool_(pool), owner_(owner), limit_(limit_bytes) {}
  ~Inbox() override;

  bool offer(wire::BatchPtr& batch, Schedulable& sender) override;
  [[nodiscard]] bool wait_for_room(Schedulable& sender) override;
  [[nodiscard]] Fill fill() override { return {bytes(), limit_}; }
  /// From a link, which has counted its own credit: always taken.
  void deliver(wire::BatchPtr batch);

  /// The oldest batch, or nothing. Wakes senders that wait for room.
  wire::BatchPtr take();

  /// Every batch that waits, under the lock: for rare looks.
  template <class F>
  void each(F&& look) {
    const std::lock_guard lock(lock_);
    for (const wire::Batch* b = head_; b != nullptr; b = b->next) look(b->data, b->data + b->bytes);
  }

  [[nodiscard]] std::uint64_t bytes() const noexcept { return bytes_.load(std::memory_order_relaxed); }
  [[nodiscard]] bool empty() const noexcept { return count_.load(std::memory_order_acquire) == 0; }

 private:
  void note_waiting(Schedulable& sender);
  void push(wire::BatchPtr batch);

  Pool& pool_;
  Schedulable& owner_;
  const std::uint32_t limit_;
  std::mutex lock_;
  wire::Batch* head_ = nullptr;
  wire::Batch* tail_ = nullptr;
  std::vector<Schedulable*> waiting_;  // each once
  std::atomic<std::uint64_t> bytes_{0};
  std::atomic<std::uint32_t> count_{0};
};

}  // namespace gale::execute
