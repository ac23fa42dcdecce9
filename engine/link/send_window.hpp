// SPDX-License-Identifier: Apache-2.0
//
// SendWindow: the frames of one lane that were sent and not yet received, in the order of their numbers. A resend sends
// them all again from the first (a gap only comes with a lost connection, where the rest is lost too).
#pragma once

#include "engine/base/clock.hpp"
#include "engine/wire/shared_frame.hpp"

#include <cstddef>
#include <cstdint>
#include <deque>

namespace gale::link {

class SendWindow {
 public:
  [[nodiscard]] std::uint64_t sent() const noexcept { return received_ + frames_.size(); }
  [[nodiscard]] std::uint64_t received() const noexcept { return received_; }
  [[nodiscard]] std::size_t size() const noexcept { return frames_.size(); }
  [[nodiscard]] bool empty() const noexcept { return frames_.empty(); }

  /// Keeps a frame that was given the number sent() + 1.
  void push(wire::Frame frame) { frames_.push_back(std::move(frame)); }

  /// The peer has all up to `seq` (<= sent()). True when that is news.
  bool confirm_received(std::uint64_t seq) {
    if (seq <= received_) return false;
    for (; received_ < seq; ++received_) frames_.pop_front();
    return true;
  }

  /// True when what is kept should be sent again: a request repeated within `pause` finds it on its way already.
  bool may_resend(TimePoint now, Duration pause) noexcept {
    if (frames_.empty() || (resent_from_ == received_ + 1 && now < resent_at_ + pause)) return false;
    resent_from_ = received_ + 1;
    resent_at_ = now;
    return true;
  }
  [[nodiscard]] const std::deque<wire::Frame>& frames() const noexcept { return frames_; }

  /// For a new incarnation of the peer: numbers begin again.
  void reset() { *this = SendWindow{}; }

 private:
  std::uint64_t received_ = 0;
  std::deque<wire::Frame> frames_;
  std::uint64_t resent_from_ = 0;
  TimePoint resent_at_{};
};

}  // namespace gale::link
