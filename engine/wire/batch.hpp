// SPDX-License-Identifier: Apache-2.0
//
// Batch: the thing that moves. Records of one source task for one destination task, one after another, in one buffer.
// It changes hands by pointer inside a worker and becomes a section of a frame between workers.
// Invariants: one owner at a time; `count` records fill exactly [data, data + bytes); a batch that is an END has none.
#pragma once

#include "engine/base/clock.hpp"
#include "engine/base/ids.hpp"

#include <cstdint>
#include <memory>

namespace gale::wire {

struct Batch;

/// Gets a batch back when its last record was executed (or it was dropped): a pool, or a link that returns credit.
/// Called by the thread that ran the task, any pool thread.
class BatchHome {
 public:
  virtual ~BatchHome() = default;
  virtual void done(Batch* batch) noexcept = 0;
};

struct Batch {
  Batch* next = nullptr;  // for the queue or free list it is in
  std::uint8_t* data = nullptr;
  std::uint32_t bytes = 0;     // records
  std::uint32_t capacity = 0;  // room at data
  std::uint32_t count = 0;
  TaskId source, dest;
  bool end = false;       // END of `source` for `dest`: no records, follows all its data
  bool feedback = false;  // it goes along an edge that closes a cycle
  TimePoint born{};       // when its first record was written, or its frame arrived
  BatchHome* home = nullptr;
  std::uint64_t token = 0;  // the home's own: size class, or frame number
};

/// Whose credit: a task has one for what comes forward, and one for feedback.
struct Purse {
  TaskId task;
  bool feedback = false;
};

struct GiveBack {
  void operator()(Batch* batch) const noexcept { batch->home->done(batch); }
};
using BatchPtr = std::unique_ptr<Batch, GiveBack>;

}  // namespace gale::wire
