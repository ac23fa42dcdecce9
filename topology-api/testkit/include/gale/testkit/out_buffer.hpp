// SPDX-License-Identifier: Apache-2.0
//
// OutBuffer: the room that the host lends for a component's records. It lends little, so that more() is used in every
// test, and exactly as much as it says, so that a sanitizer sees a write beyond it. The kit's own.
// Invariant: what a call wrote is held until the call is over; drop() forgets the running call's part and no other.
#pragma once

#include "gale/abi.h"

#include <cstddef>
#include <cstdint>
#include <cstring>
#include <memory>
#include <string>
#include <utility>

namespace gale::testkit::detail {

class OutBuffer {
 public:
  explicit OutBuffer(std::uint64_t most_of_a_call) : most_(most_of_a_call) {
    lend(kLent);
    out_.size = sizeof out_;
    out_.host = this;
    out_.more = [](gale_out* out, std::uint64_t need) { return static_cast<OutBuffer*>(out->host)->more(need); };
    out_.drop = [](gale_out* out) { static_cast<OutBuffer*>(out->host)->drop(); };
  }
  OutBuffer(const OutBuffer&) = delete;
  OutBuffer& operator=(const OutBuffer&) = delete;

  [[nodiscard]] gale_out* table() noexcept { return &out_; }
  [[nodiscard]] std::uint64_t misuse() const noexcept { return out_.misuse; }
  /// Whether the component finds room(): without it, it returns after each user call.
  void set_room(bool room) noexcept { __atomic_store_n(&out_.stop, room ? 0u : 1u, __ATOMIC_RELAXED); }

  /// All that was written since the last time, for when no call runs.
  std::string take() {
    final_ += std::exchange(held_, {});
    final_.append(text(room_.get(), out_.at));
    lend(kLent);
    return std::exchange(final_, {});
  }

 private:
  static constexpr std::size_t kLent = 128;

  static std::string text(const std::uint8_t* from, const std::uint8_t* to) {
    return {reinterpret_cast<const char*>(from), static_cast<std::size_t>(to - from)};
  }
  void lend(std::size_t bytes) {
    room_.reset(new std::uint8_t[bytes]);
    std::memset(room_.get(), 0xab, bytes);
    out_.at = out_.begun = room_.get();
    out_.end = room_.get() + bytes;
  }
  // What is held belongs to the running call while that began where the buffer does; a later call's beginning moves on.
  [[nodiscard]] bool held_is_final() const noexcept { return out_.begun != room_.get(); }

  std::uint32_t more(std::uint64_t need) noexcept {
    const auto running = static_cast<std::uint64_t>(out_.at - out_.begun) + (held_is_final() ? 0 : held_.size());
    if (running + need > most_) return GALE_TOO_MUCH;
    try {
      if (held_is_final()) {
        final_ += std::exchange(held_, {});
        final_.append(text(room_.get(), out_.begun));
      }
      held_.append(text(out_.begun, out_.at));
      lend(need > kLent ? static_cast<std::size_t>(need) : kLent);
    } catch (...) {  // no memory: nothing may be thrown through the component
      return GALE_TOO_MUCH;
    }
    return GALE_OK;
  }
  void drop() noexcept {
    if (!held_is_final()) held_.clear();
    std::memset(out_.begun, 0xab, static_cast<std::size_t>(out_.at - out_.begun));
    out_.at = out_.begun;
  }

  std::uint64_t most_;
  gale_out out_{};
  std::unique_ptr<std::uint8_t[]> room_;
  std::string final_, held_;  // of calls that returned; of the running call
};

}  // namespace gale::testkit::detail
