// SPDX-License-Identifier: Apache-2.0
//
// Records and batches for tests of wire and link: one integer and some padding in a record's values.
#pragma once

#include "engine/wire/batch_pool.hpp"
#include "engine/wire/record.hpp"

#include <algorithm>
#include <cstdint>
#include <cstring>
#include <vector>

namespace gale::test {

/// [number as uint64, bin 32 of `padding` bytes] behind `anchors`.
inline std::vector<std::uint8_t> make_record(std::uint64_t number, std::uint32_t padding = 0, std::uint16_t input = 0,
                                             const std::vector<wire::Anchor>& anchors = {}) {
  const std::uint32_t values_at = wire::kRecordHead + static_cast<std::uint32_t>(anchors.size()) * wire::kAnchorBytes;
  std::vector<std::uint8_t> record(values_at + 1 + 9 + 5 + padding, 0);
  const gale_in_record head{static_cast<std::uint32_t>(record.size()), static_cast<std::uint16_t>(values_at), input};
  std::memcpy(record.data(), &head, sizeof head);
  for (std::uint32_t i = 0; i < anchors.size(); ++i) wire::put_anchor(record.data(), i, anchors[i]);
  std::uint8_t* p = record.data() + values_at;
  *p++ = 0x92;
  *p++ = 0xcf;
  for (int shift = 56; shift >= 0; shift -= 8) *p++ = static_cast<std::uint8_t>(number >> shift);
  *p++ = 0xc6;
  for (int shift = 24; shift >= 0; shift -= 8) *p++ = static_cast<std::uint8_t>(padding >> shift);
  return record;
}

/// The integer of the first record at `record`.
inline std::uint64_t number_in(const std::uint8_t* record) {
  const std::uint8_t* p = record + wire::head_of(record).values_at + 2;
  std::uint64_t number = 0;
  for (int i = 0; i < 8; ++i) number = number << 8 | *p++;
  return number;
}

inline wire::BatchPtr make_batch(wire::BatchPool& pool, TaskId source, TaskId dest,
                                 const std::vector<std::vector<std::uint8_t>>& records) {
  std::size_t bytes = 0;
  for (const auto& record : records) bytes += record.size();
  wire::BatchPtr batch = pool.take(static_cast<std::uint32_t>(bytes));
  batch->source = source;
  batch->dest = dest;
  for (const auto& record : records) {
    std::memcpy(batch->data + batch->bytes, record.data(), record.size());
    batch->bytes += static_cast<std::uint32_t>(record.size());
    ++batch->count;
  }
  return batch;
}

inline wire::BatchPtr make_end(wire::BatchPool& pool, TaskId source, TaskId dest) {
  wire::BatchPtr batch = pool.take(0);
  batch->source = source;
  batch->dest = dest;
  batch->end = true;
  return batch;
}

}  // namespace gale::test
