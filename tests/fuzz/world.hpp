// SPDX-License-Identifier: Apache-2.0
//
// The small topology that fuzzed frames are judged by: two workers, four tasks, two ledgers; and a frame out of any
// bytes: the fuzzer cannot guess a checksum, so every second input has its header written anew around what it says.
#pragma once

#include "engine/wire/frame.hpp"

#include <algorithm>
#include <cstdint>
#include <cstring>
#include <optional>
#include <span>
#include <vector>

namespace gale::fuzz {

inline wire::Limits limits() {
  return {.me = WorkerId{1},
          .worker_of = {WorkerId{0}, WorkerId{1}, WorkerId{0}, WorkerId{1}},
          .inputs_of = {0, 2, 1, 1},
          .worker_of_ledger = {WorkerId{0}, WorkerId{1}}};
}

struct Judged {
  wire::FrameHeader header;
  std::span<const std::uint8_t> body;
};

/// What get_header() says of the bytes, or of the bytes with a header that it would take. `room` holds the latter.
inline std::optional<Judged> judge(std::span<const std::uint8_t> bytes, wire::FrameType type,
                                   std::vector<std::uint8_t>& room) {
  Judged judged;
  if (wire::get_header(bytes, wire::kMaxFrameBytes, judged.header) == wire::Refusal::kNone) {
    judged.body = bytes.subspan(wire::kFrameHeaderBytes);
    return judged;
  }
  if (bytes.size() < 5) return std::nullopt;
  std::uint32_t sections = 0;
  std::memcpy(&sections, bytes.data(), sizeof sections);
  bytes = bytes.subspan(4);
  const wire::FrameHeader header{.type = type,
                                 .topology = 1,
                                 .from = WorkerId{0},
                                 .to = WorkerId{1},
                                 .from_incarnation = Incarnation{1},
                                 .to_incarnation = Incarnation{1},
                                 .seq = 1,
                                 .sections = sections,
                                 .body_bytes = static_cast<std::uint32_t>(bytes.size())};
  room.resize(wire::kFrameHeaderBytes + bytes.size());
  wire::put_header(room.data(), header);
  std::copy(bytes.begin(), bytes.end(), room.begin() + wire::kFrameHeaderBytes);
  if (wire::get_header(room, wire::kMaxFrameBytes, judged.header) != wire::Refusal::kNone) return std::nullopt;
  judged.body = std::span<const std::uint8_t>(room).subspan(wire::kFrameHeaderBytes);
  return judged;
}

}  // namespace gale::fuzz
