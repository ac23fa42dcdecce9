// SPDX-License-Identifier: Apache-2.0
//
// Window: looks at totals that grow, some seconds back, so that rates and latencies can be told of the last while.
// Pure.
#pragma once

#include "engine/base/clock.hpp"
#include "supervisor/metrics/totals.hpp"

#include <deque>
#include <utility>

namespace gale::metrics {

class Window {
 public:
  /// Looks no more often than `every`, and as far back as `span`.
  explicit Window(Duration span = std::chrono::seconds(10), Duration every = std::chrono::seconds(2))
      : span_(span), every_(every) {}

  [[nodiscard]] bool due(TimePoint now) const { return looks_.empty() || now - looks_.back().first >= every_; }
  void look(TimePoint now, Totals totals);
  /// The totals a while ago, and how many seconds that is. Nothing to compare with: 0 seconds.
  [[nodiscard]] std::pair<double, const Totals*> since(TimePoint now) const;

 private:
  Duration span_, every_;
  std::deque<std::pair<TimePoint, Totals>> looks_;
};

}  // namespace gale::metrics
