// SPDX-License-Identifier: Apache-2.0
//
// ReceivedFrame: a DATA frame whose sections are out as batches. It tells the link of each executed one, and lives
// until the last. Invariants: a section smaller than an eighth of its frame is copied out, so a slow task pins at most
// eight times its credit; a copied one pins nothing. Threads: done() on any; the link that made it may be gone by then.
#pragma once

#include "engine/base/clock.hpp"
#include "engine/wire/batch.hpp"
#include "engine/wire/batch_pool.hpp"
#include "engine/wire/data_frame.hpp"
#include "engine/wire/shared_frame.hpp"

#include <atomic>
#include <cstdint>
#include <memory>
#include <span>
#include <vector>

namespace gale::link {

/// One batch of a received frame was executed (or dropped by its task).
struct Executed {
  WorkerId peer;
  Incarnation incarnation;  // of the peer when it came
  std::uint64_t frame = 0;  // its number in the data lane
  wire::Purse dest;
  std::uint64_t charge = 0;  // credit to give back
  bool last = false;         // of its frame
};

class ExecutedSink {
 public:
  virtual ~ExecutedSink() = default;
  /// Any thread.
  virtual void executed(const Executed& event) noexcept = 0;
};

class ReceivedFrame final : public wire::BatchHome {
 public:
  /// Appends a batch for each section to `out`. The sections point into `frame`.
  static void open(wire::Frame frame, const wire::FrameHeader& header, std::span<const wire::Section> sections,
                   wire::BatchPool& pool, std::shared_ptr<ExecutedSink> sink, TimePoint now,
                   std::vector<wire::BatchPtr>& out);
  void done(wire::Batch* batch) noexcept override;

 private:
  struct Part {
    wire::Batch batch;
    wire::BatchPtr copy;  // the room of a section that was copied out
  };

  ReceivedFrame(wire::Frame frame, const wire::FrameHeader& header, std::size_t sections,
                std::shared_ptr<ExecutedSink> sink);
  void fill(Part& part, const wire::Section& section, wire::BatchPool& pool, TimePoint now);

  wire::Frame frame_;
  std::shared_ptr<ExecutedSink> sink_;  // shared with the hub: whichever of the two ends last
  WorkerId peer_;
  Incarnation incarnation_;
  std::uint64_t seq_;
  std::vector<Part> parts_;
  std::atomic<std::uint32_t> pinned_{0};  // batches that point into frame_
  std::atomic<std::uint32_t> left_;
};

}  // namespace gale::link
