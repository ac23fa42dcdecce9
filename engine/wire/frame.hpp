// SPDX-License-Identifier: Apache-2.0
//
// What workers send each other: a frame is a 48-byte header and a body of sections (FORMAT.md is the grammar; DATA is
// in data_frame.hpp, HELLO and LANE in lane_frame.hpp). This file has the header, the limits that a frame is judged by,
// and the closed list of reasons to refuse one. Invariants: decoding reads no byte beyond the frame and allocates
// nothing before the bytes that ask for it were counted.
#pragma once

#include "engine/base/ids.hpp"

#include <cstddef>
#include <cstdint>
#include <span>
#include <string_view>
#include <vector>

namespace gale::wire {

inline constexpr std::uint32_t kFrameMagic = 0x454c4147u;  // "GALE"
inline constexpr std::uint8_t kWireVersion = 2;
inline constexpr std::uint32_t kFrameHeaderBytes = 48;
inline constexpr std::uint32_t kSectionHeaderBytes = 24;
/// Free bytes in front of the records of a pooled batch: it becomes a frame of one section where it stands.
inline constexpr std::uint32_t kHeadroom = kFrameHeaderBytes + kSectionHeaderBytes;
/// One execute may emit 64 MiB (contract 4); the rest is room for heads and anchors.
inline constexpr std::uint32_t kMaxFrameBytes = (64u << 20) + (1u << 20);

enum class FrameType : std::uint8_t { kHello = 1, kData = 2, kLane = 3 };

struct FrameHeader {
  FrameType type = FrameType::kHello;
  std::uint64_t topology = 0;  // a token of this submission, so that nobody else's frames are taken
  WorkerId from{}, to{};
  Incarnation from_incarnation{};
  Incarnation to_incarnation{};  // the life of the receiver it is written to; 0 in a HELLO when not known yet
  std::uint64_t seq = 0;  // from 1 in each lane; 0: outside the order (bare LANE); in a HELLO 1 asks for an answer
  std::uint32_t sections = 0;
  std::uint32_t body_bytes = 0;
};

/// What a receiver knows of the topology; all tables are by id and complete.
struct Limits {
  WorkerId me;
  std::vector<WorkerId> worker_of;         // by TaskId
  std::vector<std::uint16_t> inputs_of;    // by TaskId: how many inputs its component has
  std::vector<WorkerId> worker_of_ledger;  // by LedgerId
  std::uint32_t max_frame_bytes = kMaxFrameBytes;
};

/// Why a frame is not taken.
enum class Refusal : std::uint8_t {
  kNone,
  kTooShort,
  kTooLong,
  kMagic,
  kVersion,
  kChecksum,
  kType,
  kLength,
  kSectionCount,
  kSectionTruncated,
  kTask,
  kEnd,
  kRecord,
  kAnchor,
  kInput,
  kValues,
  kLedger,
  kReason,
  kKind,
  kSequence,
  kTrailing,
};
[[nodiscard]] std::string_view text_of(Refusal refusal) noexcept;

/// Writes the 48 bytes, checksum included.
void put_header(std::uint8_t* at, const FrameHeader& header) noexcept;

/// Reads and checks them; `frame` is the whole frame, whose length must be what the header says.
[[nodiscard]] Refusal get_header(std::span<const std::uint8_t> frame, std::uint32_t max_frame_bytes,
                                 FrameHeader& header) noexcept;

}  // namespace gale::wire
