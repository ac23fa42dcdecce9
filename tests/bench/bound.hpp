// SPDX-License-Identifier: Apache-2.0
//
// What both bounds share: a record like the engine's (8 bytes of header, then a msgpack array of a 9-byte string and an
// integer), packed by the SDK's own codec where it is emitted, read back with the checks that peers' data needs. Each
// hop copies the batch once: by memcpy in the loop, by zmq_send over ZeroMQ. No acks, no routing, no counters, no
// plugin boundary: a bound, not a promise.
#pragma once

#include <gale/codec/read.hpp>
#include <gale/codec/write.hpp>

#include <cstdint>
#include <cstring>
#include <stdexcept>
#include <string_view>

namespace bench {

inline constexpr std::string_view kText = "123456789";
inline constexpr std::size_t kHead = 8, kMost = kHead + 1 + 10 + 9;  // header, array head, string, integer

/// Packs one record at `p`; the place after it.
inline std::uint8_t* pack(std::uint8_t* p, std::string_view text, std::int64_t sequence) {
  std::uint8_t* end = gale::codec::put_array_head(p + kHead, 2);
  end = gale::codec::put_string_head(end, text.size());
  gale::codec::copy_bytes(end, text.data(), text.size());
  end = gale::codec::put_signed(end + text.size(), sequence);
  const std::uint64_t head = static_cast<std::uint64_t>(end - p);
  std::memcpy(p, &head, kHead);
  return end;
}

/// Reads the record at `p`; the place after it.
inline const std::uint8_t* read(const std::uint8_t* p, std::string_view& text, std::int64_t& sequence) {
  std::uint64_t size = 0;
  std::memcpy(&size, p, kHead);
  gale::codec::Cursor cursor(p + kHead, p + size);
  std::uint32_t fields = 0;
  if (cursor.array_head(fields) != gale::codec::Read::kOk || fields != 2 ||
      gale::codec::Unpack<std::string_view>::read(cursor, text) != gale::codec::Read::kOk ||
      gale::codec::Unpack<std::int64_t>::read(cursor, sequence) != gale::codec::Read::kOk) {
    throw std::runtime_error("a record that is none");
  }
  return p + size;
}

constexpr std::int64_t sum_below(std::int64_t n) { return n % 2 == 0 ? n / 2 * (n - 1) : (n - 1) / 2 * n; }

}  // namespace bench
