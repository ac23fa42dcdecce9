// SPDX-License-Identifier: Apache-2.0
//
// Gather: batches on their way to one worker, becoming the body of one frame. The first one stays where it is (its room
// has place for the headers), so a frame of one batch is never copied; the second makes both move to a frame's room.
// Invariants: sections keep the order of add(). Owned by a Link, under its owner's lock.
#pragma once

#include "engine/wire/batch.hpp"
#include "engine/wire/batch_pool.hpp"

#include <cstdint>
#include <vector>

namespace gale::link {

class Gather {
 public:
  /// The body of a frame, its header's place free in front of it.
  struct Body {
    wire::BatchPtr room;
    std::uint8_t* begin = nullptr;
    std::uint32_t bytes = 0;
    std::uint32_t sections = 0;
  };

  Gather(wire::BatchPool& pool, std::uint32_t frame_bytes) noexcept : pool_(&pool), frame_bytes_(frame_bytes) {}

  [[nodiscard]] bool empty() const noexcept { return sections_ == 0; }
  /// Whether `bytes` of records still belong into this frame.
  [[nodiscard]] bool fits(std::uint32_t bytes) const noexcept {
    return empty() || bytes_ + wire::kSectionHeaderBytes + bytes <= frame_bytes_;
  }
  /// Not worth waiting for more.
  [[nodiscard]] bool full() const noexcept { return bytes_ >= frame_bytes_ - frame_bytes_ / 8; }

  /// Takes a batch that fits. One that was copied and is not of the pool goes to `release`.
  void add(wire::BatchPtr batch, std::vector<wire::BatchPtr>& release);
  /// What was gathered; empty afterwards.
  [[nodiscard]] Body take();

 private:
  void append(const wire::Batch& batch);
  void make_room(std::uint32_t for_bytes);

  wire::BatchPool* pool_;
  std::uint32_t frame_bytes_;
  wire::BatchPtr single_;  // the only batch so far, not copied
  wire::BatchPtr room_;    // or several, copied
  std::uint32_t bytes_ = 0, sections_ = 0;
};

}  // namespace gale::link
