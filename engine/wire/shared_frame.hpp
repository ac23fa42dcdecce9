// SPDX-License-Identifier: Apache-2.0
//
// Frame: the bytes of one frame, shared and never changed once made. A link keeps one until it was received, ZeroMQ
// until it was written; a received one lives until its last section was executed. Counted by hand because ZeroMQ's free
// function takes one pointer and runs on ZeroMQ's own thread.
// Threads: any; each Frame object belongs to one.
#pragma once

#include "engine/wire/batch.hpp"

#include <atomic>
#include <cstddef>
#include <cstdint>
#include <span>
#include <utility>

namespace gale::wire {

/// Somebody's memory under frames.
class FrameBlock {
 public:
  FrameBlock(const std::uint8_t* data, std::size_t size) noexcept : data_(data), size_(size) {}
  virtual ~FrameBlock() = default;
  FrameBlock(const FrameBlock&) = delete;
  FrameBlock& operator=(const FrameBlock&) = delete;

  void add() noexcept { refs_.fetch_add(1, std::memory_order_relaxed); }
  void drop() noexcept {
    if (refs_.fetch_sub(1, std::memory_order_acq_rel) == 1) delete this;
  }
  [[nodiscard]] std::span<const std::uint8_t> bytes() const noexcept { return {data_, size_}; }

 protected:
  const std::uint8_t* data_;
  std::size_t size_;

 private:
  std::atomic<std::uint32_t> refs_{1};
};

class Frame {
 public:
  Frame() = default;
  /// Takes over the reference that a new block is born with.
  explicit Frame(FrameBlock* block) noexcept : block_(block) {}
  /// A frame that stands in a batch's room (its headroom included); the batch goes home with the last reference.
  Frame(BatchPtr batch, const std::uint8_t* begin, std::size_t size);
  Frame(const Frame& other) noexcept : block_(other.block_) {
    if (block_) block_->add();
  }
  Frame(Frame&& other) noexcept : block_(std::exchange(other.block_, nullptr)) {}
  Frame& operator=(Frame other) noexcept {
    std::swap(block_, other.block_);
    return *this;
  }
  ~Frame() {
    if (block_) block_->drop();
  }
  [[nodiscard]] explicit operator bool() const noexcept { return block_ != nullptr; }
  [[nodiscard]] std::span<const std::uint8_t> bytes() const noexcept {
    return block_ ? block_->bytes() : std::span<const std::uint8_t>{};
  }
  [[nodiscard]] std::size_t size() const noexcept { return bytes().size(); }
  /// Gives the reference away: whoever takes it calls drop().
  [[nodiscard]] FrameBlock* release() noexcept { return std::exchange(block_, nullptr); }

 private:
  FrameBlock* block_ = nullptr;
};

}  // namespace gale::wire
