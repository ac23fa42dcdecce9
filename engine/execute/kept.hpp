// SPDX-License-Identifier: Apache-2.0
//
// Kept tuples of one task: their own copy of the record (so that they pin no batch and no credit), and the XOR of the
// edges of children that were anchored to them, over however many executes: it leaves with their ack, in one entry.
// Threads: the task's turn.
#pragma once

#include "engine/wire/record.hpp"
#include "gale/abi.h"

#include <cstdint>
#include <memory>
#include <vector>

namespace gale::execute {

struct Kept {
  std::vector<std::uint8_t> record;
  std::uint64_t children = 0;
  std::uint32_t generation = 1;  // of the place, so that an old handle finds nothing
  bool live = false;
  bool failed = false;  // its roots were failed already; its owner has yet to settle it
};

class KeptTable {
 public:
  /// Copies a record; the handle is never below GALE_FIRST_KEPT.
  std::uint64_t put(const std::uint8_t* record, std::uint32_t size) {
    std::uint32_t place = 0;
    if (free_.empty()) {
      place = static_cast<std::uint32_t>(places_.size());
      places_.push_back(std::make_unique<Kept>());
    } else {
      place = free_.back();
      free_.pop_back();
    }
    Kept& kept = *places_[place];
    kept.record.assign(record, record + size);
    kept.children = 0;
    kept.live = true;
    kept.failed = false;
    bytes_ += size;
    ++count_;
    return (std::uint64_t{kept.generation} << 32) | place;
  }
  /// Nothing for a handle that was settled.
  Kept* find(std::uint64_t handle) noexcept {
    const auto place = static_cast<std::uint32_t>(handle);
    if (place >= places_.size()) return nullptr;
    Kept& kept = *places_[place];
    return kept.live && kept.generation == handle >> 32 ? &kept : nullptr;
  }
  void erase(std::uint64_t handle) {
    Kept& kept = *find(handle);
    bytes_ -= kept.record.size();
    --count_;
    kept.live = false;
    if (++kept.generation == 0) kept.generation = 1;
    if (kept.record.capacity() > 4096) kept.record = {};
    free_.push_back(static_cast<std::uint32_t>(handle));
  }
  [[nodiscard]] std::uint64_t bytes() const noexcept { return bytes_; }
  [[nodiscard]] std::size_t count() const noexcept { return count_; }

 private:
  std::vector<std::unique_ptr<Kept>> places_;  // pointers: user code holds views into records
  std::vector<std::uint32_t> free_;
  std::uint64_t bytes_ = 0;
  std::size_t count_ = 0;
};

}  // namespace gale::execute
