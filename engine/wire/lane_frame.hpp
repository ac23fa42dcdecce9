// SPDX-License-Identifier: Apache-2.0
//
// The bodies of HELLO and LANE frames. A LANE frame always carries the state of both lanes, which may be read twice or
// late without harm; in the order (seq > 0) it also carries acks, fails, credit and confirmations, which may not.
#pragma once

#include "engine/wire/ack.hpp"
#include "engine/wire/batch.hpp"
#include "engine/wire/frame.hpp"

#include <cstdint>
#include <span>
#include <vector>

namespace gale::wire {

/// Credit: in a HELLO what the sender's task grants at first, in a LANE what it gives back.
struct Grant {
  Purse purse;
  std::uint64_t bytes = 0;
};

struct LaneState {
  std::uint64_t data_sent = 0, data_received = 0;  // highest seq of the data lane sent; received without a gap
  std::uint64_t lane_sent = 0, lane_received = 0;
  bool ping = false;         // answer with your state
  bool resend_data = false;  // send again what follows data_received
  bool resend_lane = false;
};

struct LaneBody {
  std::vector<AckBatch> acks;
  std::vector<Grant> credit;
  std::vector<std::uint64_t> confirmed;  // data frames whose every section was executed
};

inline constexpr std::uint32_t kGrantBytes = 12;
inline constexpr std::uint32_t kAckBytes = 16;
inline constexpr std::uint32_t kFailBytes = 10;  // and the reason
inline constexpr std::uint32_t kLaneStateBytes = 40;
inline constexpr std::uint32_t kLaneSectionBytes = 8;

[[nodiscard]] std::size_t hello_bytes(std::span<const Grant> grants) noexcept;
void put_hello(std::uint8_t* at, std::span<const Grant> grants) noexcept;
/// Grants must be of tasks of `header.from`.
[[nodiscard]] Refusal get_hello(const FrameHeader& header, std::span<const std::uint8_t> body, const Limits& limits,
                                std::vector<Grant>& grants);

/// The state at the head of a LANE body. `sections` of a frame outside the order must be 0.
[[nodiscard]] Refusal get_lane_state(const FrameHeader& header, std::span<const std::uint8_t> body,
                                     LaneState& state) noexcept;
/// The sections behind it. Ledgers must live here, tasks at `header.from`.
[[nodiscard]] Refusal get_lane_body(const FrameHeader& header, std::span<const std::uint8_t> body, const Limits& limits,
                                    LaneBody& out);

/// Fills a LANE body in a batch's room. Each call takes as many entries as fit and says how many.
class LaneWriter {
 public:
  /// `room` must hold at least the state.
  LaneWriter(Batch& room, const LaneState& state) noexcept;
  std::size_t acks(LedgerId ledger, std::span<const Ack> acks) noexcept;
  std::size_t fails(LedgerId ledger, std::span<const Fail> fails) noexcept;
  std::size_t credit(std::span<const Grant> grants) noexcept;
  std::size_t confirmed(std::span<const std::uint64_t> frames) noexcept;
  /// How many entries of this size one more section could take.
  [[nodiscard]] std::size_t room_for(std::size_t entry_bytes) const noexcept;
  [[nodiscard]] std::uint32_t sections() const noexcept { return sections_; }
  [[nodiscard]] std::uint32_t bytes() const noexcept { return static_cast<std::uint32_t>(at_ - begin_); }

 private:
  std::size_t open_section(std::uint16_t kind, LedgerId ledger, std::size_t entry_bytes, std::size_t count) noexcept;

  std::uint8_t *begin_, *at_, *end_;
  std::uint32_t sections_ = 0;
};

}  // namespace gale::wire
