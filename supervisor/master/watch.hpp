// SPDX-License-Identifier: Apache-2.0
//
// Watch: what the workers of one topology say of themselves: how each is, totals and rates, the last errors. Lives in
// memory: a new master hears all of it again within a beat. Pure.
#pragma once

#include "engine/base/clock.hpp"
#include "supervisor/control/cluster.hpp"
#include "supervisor/master/lifecycle.hpp"
#include "supervisor/metrics/totals.hpp"
#include "supervisor/metrics/window.hpp"

#include <cstdint>
#include <deque>
#include <map>
#include <optional>
#include <string>
#include <vector>

namespace gale::master {

/// An error that came once or more, the last time at `at_ms`.
struct Said {
  std::int64_t first_ms = 0, at_ms = 0;  // wall clock
  std::string host;
  WorkerId place;
  std::string text;
  std::uint64_t times = 1;
};

class Watch {
 public:
  explicit Watch(const TopologyRecord& record) : tally_(record.outline), places_(record.places.size()) {}

  /// A worker of the place as it is now, in the place's present generation.
  void heard(const control::SlotReport& slot, TimePoint now);
  void event(const control::Event& event, const std::string& host);
  /// Now and then, so that rates can be told.
  void tick(TimePoint now);

  struct PlaceWatch {
    std::optional<control::SlotReport> slot;  // the last; its report is in the tally too
    TimePoint heard{};
  };
  [[nodiscard]] const std::vector<PlaceWatch>& places() const noexcept { return places_; }
  [[nodiscard]] metrics::Totals totals() const { return tally_.totals(); }
  [[nodiscard]] const metrics::Outline& outline() const noexcept { return tally_.outline(); }
  [[nodiscard]] std::pair<double, const metrics::Totals*> before(TimePoint now) const { return window_.since(now); }
  [[nodiscard]] const std::deque<Said>& errors() const noexcept { return errors_; }  // the newest last
  [[nodiscard]] Observed observed() const;

 private:
  metrics::Tally tally_;
  metrics::Window window_;
  std::vector<PlaceWatch> places_;
  std::deque<Said> errors_;
};

}  // namespace gale::master
