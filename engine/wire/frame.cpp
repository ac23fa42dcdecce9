// SPDX-License-Identifier: Apache-2.0
#include "engine/wire/frame.hpp"

#include "engine/wire/bytes.hpp"
#include "engine/wire/crc32c.hpp"

namespace gale::wire {

namespace {
constexpr std::uint32_t kChecksumAt = kFrameHeaderBytes - 4;
}

std::string_view text_of(Refusal refusal) noexcept {
  switch (refusal) {
    case Refusal::kNone:
      return "nothing wrong";
    case Refusal::kTooShort:
      return "shorter than a frame header";
    case Refusal::kTooLong:
      return "longer than a frame may be";
    case Refusal::kMagic:
      return "does not begin with GALE: not a frame of ours";
    case Refusal::kVersion:
      return "of another wire version: run one version of gale in all workers";
    case Refusal::kChecksum:
      return "header damaged (CRC-32C differs)";
    case Refusal::kType:
      return "of an unknown type, or a type that does not belong on this connection";
    case Refusal::kLength:
      return "length differs from what its header says";
    case Refusal::kSectionCount:
      return "says it has more sections than it has bytes for";
    case Refusal::kSectionTruncated:
      return "a section runs beyond the frame";
    case Refusal::kTask:
      return "a section names a task that is not there";
    case Refusal::kEnd:
      return "an END section with records, or a data section without";
    case Refusal::kRecord:
      return "a record's size or count is impossible";
    case Refusal::kAnchor:
      return "a record's anchors are not whole, or more than 1024";
    case Refusal::kInput:
      return "a record for an input that its task does not have";
    case Refusal::kValues:
      return "a record whose values are not one msgpack array";
    case Refusal::kLedger:
      return "names a ledger that is not there";
    case Refusal::kReason:
      return "a fail whose reason is too long";
    case Refusal::kKind:
      return "an unknown kind of lane section";
    case Refusal::kSequence:
      return "confirms frames that were never sent";
    case Refusal::kTrailing:
      return "has bytes after its last section";
  }
  return "refused";
}

void put_header(std::uint8_t* at, const FrameHeader& header) noexcept {
  std::uint8_t* p = put(at, kFrameMagic);
  p = put(p, kWireVersion);
  p = put(p, static_cast<std::uint8_t>(header.type));
  p = put(p, std::uint16_t{0});
  p = put(p, header.topology);
  p = put(p, header.from.value);
  p = put(p, header.to.value);
  p = put(p, header.from_incarnation.value);
  p = put(p, header.to_incarnation.value);
  p = put(p, header.sections);
  p = put(p, header.seq);
  p = put(p, header.body_bytes);
  put(p, crc32c(at, kChecksumAt));
}

Refusal get_header(std::span<const std::uint8_t> frame, std::uint32_t max_frame_bytes, FrameHeader& header) noexcept {
  if (frame.size() < kFrameHeaderBytes) return Refusal::kTooShort;
  if (frame.size() > max_frame_bytes) return Refusal::kTooLong;
  const std::uint8_t* p = frame.data();
  if (get<std::uint32_t>(p) != kFrameMagic) return Refusal::kMagic;
  if (p[4] != kWireVersion) return Refusal::kVersion;
  if (get<std::uint32_t>(p + kChecksumAt) != crc32c(p, kChecksumAt)) return Refusal::kChecksum;
  if (p[5] < 1 || p[5] > 3 || get<std::uint16_t>(p + 6) != 0) return Refusal::kType;
  header.type = static_cast<FrameType>(p[5]);
  header.topology = get<std::uint64_t>(p + 8);
  header.from = WorkerId{get<std::uint16_t>(p + 16)};
  header.to = WorkerId{get<std::uint16_t>(p + 18)};
  header.from_incarnation = Incarnation{get<std::uint32_t>(p + 20)};
  header.to_incarnation = Incarnation{get<std::uint32_t>(p + 24)};
  header.sections = get<std::uint32_t>(p + 28);
  header.seq = get<std::uint64_t>(p + 32);
  header.body_bytes = get<std::uint32_t>(p + 40);
  return header.body_bytes == frame.size() - kFrameHeaderBytes ? Refusal::kNone : Refusal::kLength;
}

}  // namespace gale::wire
