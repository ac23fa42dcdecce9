// SPDX-License-Identifier: Apache-2.0
//
// Report: what a worker says of itself, at any time: counters by task and by link. Plain data, crosses to whoever
// started the worker as one msgpack map (supervisor/control).
#pragma once

#include "engine/base/histogram.hpp"
#include "engine/base/ids.hpp"

#include <cstdint>
#include <string>
#include <utility>
#include <vector>

namespace gale::worker {

struct TaskReport {
  TaskId task;
  std::uint64_t emitted = 0, transferred = 0, executed = 0, acked = 0, failed = 0;
  std::uint64_t thrown = 0, forgotten = 0, misuse = 0, dropped = 0, late = 0;
  std::uint64_t roots = 0, replayed = 0, timed_out = 0, stale_acks = 0, pending = 0;  // spouts
  std::uint64_t dead_letters = 0, poisoned = 0;
  std::uint64_t busy_ms = 0;  // how long the call of its code that runs now has been running; 0: none
  bool finished = false;
  std::vector<std::pair<std::string, std::uint64_t>> user;  // what its user code counts, by name
  Histogram latency;  // bolts: of one execute; spouts: from emit to ack, of what was acked
};

struct LinkReport {
  std::uint64_t records_sent = 0, bytes_sent = 0, frames_sent = 0, frames_resent = 0, duplicates_dropped = 0;
  std::uint64_t stale_refused = 0, garbage_refused = 0, dropped_to_dead = 0;
};

struct Report {
  std::vector<TaskReport> tasks;
  LinkReport links;
  bool active = true;               // its spouts are asked for more
  bool finishing = false;           // a bolt has begun to say its final results: its memory cannot be had again
  bool finished = false;            // every task has said all, and their ENDs are taken
  bool results_lost = false;        // a finish threw
  std::vector<std::string> errors;  // new since the last report: "component#index: text"
};

}  // namespace gale::worker
