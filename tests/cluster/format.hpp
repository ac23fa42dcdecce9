// SPDX-License-Identifier: Apache-2.0
//
// What the judge's components write and its checker reads: append-only files of lines of fixed size, each with its own
// CRC32C, so that a line which a kill tore is known. No engine code here: the checker must not share the engine's bugs.
//
//   source.<src>.<start>.<pid>      SourceLine: what one incarnation of a source emitted and was told
//   sink.<task>.<pid>               SinkLine: what one incarnation of a sink received, written before its ack
//   mark.<src>                      two MarkSlots, written in turn and synced: all seq <= mark are acked
//   gauge.<component>.<index>.<pid> one Gauge, a shared mapping: what a task holds right now, readable after its death
// Bytes are this machine's; times are CLOCK_MONOTONIC nanoseconds, one clock for all processes of a machine.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <string_view>

namespace ledger {

inline constexpr std::uint64_t kKeys = 997;
inline constexpr unsigned kFanOut = 2;
inline constexpr std::uint32_t kGeneration = 1;  // of the placement: nothing moves tasks yet

enum class Event : std::uint8_t { kEmit = 1, kAck = 2, kFail = 3, kTimeout = 4 };

struct SourceLine {
  std::uint32_t crc = 0;  // of the rest
  Event event = Event::kEmit;
  std::uint8_t unused = 0;
  std::uint16_t src = 0;
  std::uint64_t seq = 0;  // from 1
  std::uint64_t time_ns = 0;
  std::uint16_t attempt = 0;  // from 1 in each incarnation of the source
  std::uint16_t start = 0;    // the incarnation that the message belongs to: how often this source has been opened
  std::uint32_t pid = 0;
};
static_assert(sizeof(SourceLine) == 32);

struct SinkLine {
  std::uint32_t crc = 0;
  std::uint16_t src = 0;
  std::uint16_t attempt = 0;
  std::uint64_t seq = 0;
  std::uint64_t time_ns = 0;
  std::uint16_t start = 0;  // of the source
  std::uint16_t key = 0;
  std::uint8_t branch = 0;
  std::uint8_t fan = 0, keyed = 0, sink = 0;  // the way it took: task numbers within their components
  std::uint8_t sound = 0;                     // 1: the payload's CRC was right
  std::uint8_t unused = 0;
  std::uint16_t generation = kGeneration;
  std::uint32_t pid = 0;
  std::uint64_t unused2 = 0;
};
static_assert(sizeof(SinkLine) == 48);

struct MarkSlot {
  std::uint32_t crc = 0;
  std::uint32_t unused = 0;
  std::uint64_t mark = 0;
};
static_assert(sizeof(MarkSlot) == 16);

struct Gauge {
  std::uint64_t held = 0;      // inputs received and not yet acked; for a source: roots pending
  std::uint64_t done = 0;      // inputs executed; for a source: records emitted, replays too
  std::uint64_t position = 0;  // for a source: the highest seq emitted
  std::uint64_t acked = 0;     // for a source: roots acked
};

namespace detail {
constexpr std::array<std::uint32_t, 256> crc_table() {
  std::array<std::uint32_t, 256> table{};
  for (std::uint32_t i = 0; i < 256; ++i) {
    std::uint32_t c = i;
    for (int bit = 0; bit < 8; ++bit) c = (c >> 1) ^ ((c & 1) != 0 ? 0x82f63b78u : 0u);
    table[i] = c;
  }
  return table;
}
inline constexpr auto kCrcTable = crc_table();
}  // namespace detail

inline std::uint32_t crc32c(const void* data, std::size_t size, std::uint32_t seed = 0) noexcept {
  const auto* p = static_cast<const unsigned char*>(data);
  std::uint32_t c = ~seed;
  for (std::size_t i = 0; i < size; ++i) c = (c >> 8) ^ detail::kCrcTable[(c ^ p[i]) & 0xff];
  return ~c;
}

template <class Line>
std::uint32_t crc_of(const Line& line) noexcept {
  static_assert(offsetof(Line, crc) == 0);
  return crc32c(reinterpret_cast<const char*>(&line) + sizeof line.crc, sizeof line - sizeof line.crc);
}

/// What a record's payload must hash to: the text and whose it is.
inline std::uint32_t payload_crc(std::uint16_t src, std::uint64_t seq, std::string_view payload) noexcept {
  const std::uint32_t head = crc32c(&seq, sizeof seq, src);
  return crc32c(payload.data(), payload.size(), head);
}

/// The keyed stage is told to hold these beyond the message timeout: their roots time out and their acks come late.
inline bool held_late(std::uint64_t late_every, std::uint64_t seq, unsigned branch, unsigned attempt) noexcept {
  return late_every != 0 && attempt == 1 && branch == 0 && seq % late_every == 0;
}

}  // namespace ledger
