// SPDX-License-Identifier: Apache-2.0
//
// Totals: what a whole run did so far, added up over its workers and over the lives of each. Of a worker that died it
// knows what was last reported. Pure.
#pragma once

#include "engine/base/ids.hpp"
#include "engine/worker/report.hpp"
#include "supervisor/metrics/outline.hpp"

#include <cstdint>
#include <map>
#include <string>
#include <utility>
#include <vector>

namespace gale::metrics {

struct ComponentTotals {
  std::string id;
  bool spout = false;
  std::uint32_t tasks = 0;
  std::uint64_t emitted = 0, executed = 0, acked = 0, failed = 0, pending = 0;
  std::map<std::string, std::uint64_t> user;  // what its user code counts, by name
  Histogram latency;                          // of a spout from emit to ack, of a bolt of one execute
};

/// In words a person wants when it is not zero.
struct Trouble {
  std::uint64_t thrown = 0, forgotten = 0, misuse = 0, dropped = 0, late = 0, timed_out = 0, stale_acks = 0,
                dead_letters = 0, poisoned = 0;
};

struct Totals {
  std::uint64_t emitted = 0, acked = 0, failed = 0, replayed = 0, pending = 0;  // roots
  Histogram complete;                                                           // from emit to ack, over all spouts
  std::vector<ComponentTotals> components;
  worker::LinkReport links;
  Trouble trouble;
};

/// Of each worker's place: what its present life reports, and what earlier lives said last, added up.
class Tally {
 public:
  explicit Tally(Outline outline) : outline_(std::move(outline)) {}
  /// A report of a life before the one that spoke last is too late, and passed over.
  void update(WorkerId worker, Incarnation incarnation, worker::Report report);
  /// What a dead worker held is pending no more: nobody is left to be told.
  void died(WorkerId worker, Incarnation incarnation);
  [[nodiscard]] Totals totals() const;
  [[nodiscard]] const Outline& outline() const noexcept { return outline_; }

 private:
  struct Place {
    Incarnation life;
    worker::Report now, past;
  };
  Outline outline_;
  std::map<WorkerId, Place> places_;
};

}  // namespace gale::metrics
