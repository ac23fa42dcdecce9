// SPDX-License-Identifier: Apache-2.0
//
// BatchPool: where batches come from and go back to. Size classes with a free list each; larger ones come from malloc
// and go back to it (a malloc per batch is four times slower on two threads).
// Invariants: kHeadroom bytes stand free in front of `data`, so that a full batch becomes a frame where it stands; idle
// memory is at most `max_idle_bytes` a class. The pool outlives its batches.
// Threads: any.
#pragma once

#include "engine/wire/batch.hpp"
#include "engine/wire/frame.hpp"

#include <array>
#include <atomic>
#include <cstddef>
#include <cstdint>
#include <mutex>

namespace gale::wire {

class BatchPool final : public BatchHome {
 public:
  static constexpr std::array<std::uint32_t, 6> kClasses = {512, 4096, 16384, 32768, 65536, 131072};

  explicit BatchPool(std::size_t max_idle_bytes = 8u << 20) noexcept : max_idle_bytes_(max_idle_bytes) {}
  ~BatchPool() override;
  BatchPool(const BatchPool&) = delete;
  BatchPool& operator=(const BatchPool&) = delete;

  /// An empty batch with room for at least `bytes` records' bytes.
  [[nodiscard]] BatchPtr take(std::uint32_t bytes);
  void done(Batch* batch) noexcept override;

  /// Frees half of what nobody has needed since the last call. For a timer of a second or so.
  void trim() noexcept;

  [[nodiscard]] std::size_t out() const noexcept { return out_.load(std::memory_order_relaxed); }  // batches not home
  [[nodiscard]] std::size_t idle_bytes() noexcept;

 private:
  struct alignas(64) FreeList {
    std::mutex mutex;
    Batch* first = nullptr;
    std::size_t count = 0;
    std::size_t least = 0;  // fewest since the last trim
  };

  [[nodiscard]] static Batch* pop(FreeList& list) noexcept;

  std::array<FreeList, kClasses.size()> lists_;
  const std::size_t max_idle_bytes_;
  std::atomic<std::size_t> out_{0};
};

}  // namespace gale::wire
