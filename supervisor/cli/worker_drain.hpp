// SPDX-License-Identifier: Apache-2.0
//
// WorkerDrain: what a TERM means to a worker process. Of a run: spouts stop for good, and the rest runs out as if all
// input had ended. Of a cluster: spouts are asked for nothing, what is pending runs out, and no final results are said,
// since the topology goes on elsewhere.
#pragma once

#include "engine/base/log.hpp"
#include "engine/worker/worker.hpp"
#include "supervisor/cli/signals.hpp"

#include <algorithm>

namespace gale::cli {

class WorkerDrain {
 public:
  /// `most`: how long what is pending may run out. `ends`: no other worker takes over.
  WorkerDrain(worker::Worker& worker, bool ends, Duration most, const Clock& clock)
      : worker_(worker), ends_(ends), most_(most), clock_(clock) {}

  /// True: it has run out, or has not in time. `report`: the worker's last.
  bool over(const worker::Report& report) {
    if (signals_.take() > 0 && !begun_) begin();
    if (begun_ && !done_ && (ends_ ? report.finished : !report.active && still(report))) {
      done_ = true;
      until_ = std::min(until_, clock_.now() + kLastWords);
    }
    return begun_ && clock_.now() >= until_;
  }

 private:
  static constexpr Duration kLastWords = std::chrono::milliseconds(200);  // peers may want to be told what was executed

  void begin() {
    begun_ = true;
    until_ = clock_.now() + most_;
    log::info("", "TERM: spouts stop, what is pending runs out");
    if (ends_) {
      worker_.drain();
    } else {
      worker_.set_active(false);
    }
  }
  static bool still(const worker::Report& report) {
    return std::all_of(report.tasks.begin(), report.tasks.end(),
                       [](const worker::TaskReport& t) { return t.pending == 0; });
  }

  StopSignals signals_{SIGTERM};
  worker::Worker& worker_;
  const bool ends_;
  const Duration most_;
  const Clock& clock_;
  bool begun_ = false, done_ = false;
  TimePoint until_{};
};

}  // namespace gale::cli
