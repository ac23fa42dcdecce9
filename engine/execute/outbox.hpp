// SPDX-License-Identifier: Apache-2.0
//
// Outbox: what one task has emitted and not yet handed over: a lane for each destination task, in order. A lane's open
// batch is offered when it is full and when the turn ends; a batch that is refused waits here, and a task whose outbox
// is not delivered does not run again. Batches grow with load: a lane that is flushed full asks for twice the room next
// time, one flushed nearly empty for half, between 512 B and the setting. Threads: its task's turn.
#pragma once

#include "engine/execute/destination.hpp"
#include "engine/wire/batch.hpp"
#include "engine/wire/batch_pool.hpp"

#include <cstdint>
#include <span>
#include <vector>

namespace gale::execute {

class Outbox {
 public:
  /// The open batch's end, apart from the rest of the lane: what every emit touches is 24 bytes a lane.
  struct Open {
    std::uint8_t* at = nullptr;
    std::uint8_t* end = nullptr;
    std::uint32_t count = 0;
  };

  Outbox(wire::BatchPool& pool, Schedulable& owner, TaskId source, std::uint32_t batch_bytes)
      : pool_(pool), owner_(owner), source_(source), most_(batch_bytes) {}

  /// Lanes are numbered in the order of adding. `feedback`: along an edge that closes a cycle.
  std::uint32_t add_lane(TaskId dest, Destination& to, bool feedback);

  /// Room for a record of `bytes` in the lane's open batch; fill all of it.
  std::uint8_t* room(std::uint32_t lane, std::uint32_t bytes, TimePoint now) {
    Open& open = open_[lane];
    if (__builtin_expect(static_cast<std::size_t>(open.end - open.at) < bytes, 0)) renew(lane, bytes, now);
    std::uint8_t* at = open.at;
    open.at = at + bytes;
    ++open.count;
    return at;
  }
  /// For who writes many records to one lane: its open batch's end, to be put back before anything else is done here.
  [[nodiscard]] Open open_of(std::uint32_t lane) const noexcept { return open_[lane]; }
  void put_back(std::uint32_t lane, Open open) noexcept { open_[lane] = open; }
  /// The batch was too small for `bytes` more: it leaves, the next one is open.
  [[nodiscard]] Open renewed(std::uint32_t lane, Open open, std::uint32_t bytes, TimePoint now);

  /// Puts this task's END at the end of every lane.
  void end_all(TimePoint now);

  /// Offers the batches that are full. Between emits only: a copy of a root must not leave before the root is
  /// registered.
  void send_full();
  [[nodiscard]] bool has_full() const noexcept { return full_ != 0; }

  /// Offers everything; true when nothing is left. What is refused wakes the owner later.
  bool flush();
  /// Every run of records that waits here. For rare looks.
  template <class F>
  void each(F&& look) const {
    for (std::size_t i = 0; i < lanes_.size(); ++i) {
      for (std::size_t j = lanes_[i].first; j < lanes_[i].full.size(); ++j) {
        const wire::Batch& b = *lanes_[i].full[j];
        look(b.data, b.data + b.bytes);
      }
      if (lanes_[i].open != nullptr) look(lanes_[i].open->data, open_[i].at);
    }
  }
  /// How full the lane's destination would be with all that is here for it, in percent. Not for every emit.
  [[nodiscard]] std::uint32_t load(std::uint32_t lane) const;
  /// The same as bytes; a limit of 0 while a link is down.
  [[nodiscard]] Fill fill(std::uint32_t lane) const;
  /// Wakes the owner when one of these has room. False: one has it now.
  [[nodiscard]] bool wait_for_room(std::span<const std::uint32_t> lanes);
  [[nodiscard]] bool delivered() const noexcept { return dirty_.empty(); }
  /// Memory of the batches that wait here.
  [[nodiscard]] std::uint64_t bytes() const noexcept;
  /// A batch was refused since the last flush() that delivered all: the running call should return when it can.
  [[nodiscard]] bool refused() const noexcept { return refused_; }

 private:
  struct Lane {
    TaskId dest;
    Destination* to = nullptr;
    wire::BatchPtr open;
    std::vector<wire::BatchPtr> full;  // from `first` on, in order; a deque takes 0.6 KB when empty
    std::size_t first = 0;
    std::uint32_t want = 4096;
    bool dirty = false;
    bool feedback = false;
  };
  void renew(std::uint32_t number, std::uint32_t bytes, TimePoint now);
  void close(std::uint32_t number);
  bool send(Lane& lane);
  void mark(std::uint32_t number);

  wire::BatchPool& pool_;
  Schedulable& owner_;
  const TaskId source_;
  const std::uint32_t most_;
  std::vector<Lane> lanes_;
  std::vector<Open> open_;            // by lane
  std::vector<std::uint32_t> dirty_;  // lanes with something in them
  std::uint32_t full_ = 0;            // closed since send_full() or flush()
  bool refused_ = false;
};

}  // namespace gale::execute
