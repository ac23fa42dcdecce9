// SPDX-License-Identifier: Apache-2.0
//
// What a tuple is between emit and execute: gale_in_record, then the host's anchors, then one msgpack array. The same
// bytes inside a worker, in a frame and under user code (FORMAT.md has the grammar).
#pragma once

#include "engine/base/ids.hpp"
#include "gale/abi.h"

#include <cstdint>
#include <cstring>

namespace gale::wire {

/// An anchor as a record carries it, 18 bytes: which root of which ledger, and the edge this copy must consume.
struct Anchor {
  RootId root;
  std::uint64_t edge = 0;
  LedgerId ledger;
};

inline constexpr std::uint32_t kAnchorBytes = 18;
inline constexpr std::uint32_t kRecordHead = sizeof(gale_in_record);
inline constexpr std::uint32_t kMaxRoots = 1024;  // contract 1: more fails the inputs

inline gale_in_record head_of(const std::uint8_t* record) noexcept {
  gale_in_record head;
  std::memcpy(&head, record, sizeof head);
  return head;
}
inline std::uint32_t anchors_of(const gale_in_record& head) noexcept {
  return (head.values_at - kRecordHead) / kAnchorBytes;
}
inline Anchor anchor_at(const std::uint8_t* record, std::uint32_t i) noexcept {
  const std::uint8_t* p = record + kRecordHead + i * kAnchorBytes;
  Anchor a;
  std::memcpy(&a.root.value, p, 8);
  std::memcpy(&a.edge, p + 8, 8);
  std::memcpy(&a.ledger.value, p + 16, 2);
  return a;
}
inline void put_anchor(std::uint8_t* record, std::uint32_t i, const Anchor& a) noexcept {
  std::uint8_t* p = record + kRecordHead + i * kAnchorBytes;
  std::memcpy(p, &a.root.value, 8);
  std::memcpy(p + 8, &a.edge, 8);
  std::memcpy(p + 16, &a.ledger.value, 2);
}

}  // namespace gale::wire
