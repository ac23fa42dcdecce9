// SPDX-License-Identifier: Apache-2.0
#include "supervisor/master/watch.hpp"

#include <algorithm>

namespace gale::master {
namespace {
constexpr std::size_t kMostErrors = 200;
}  // namespace

void Watch::heard(const control::SlotReport& slot, TimePoint now) {
  if (slot.place.value >= places_.size()) return;
  PlaceWatch& place = places_[slot.place.value];
  if (place.slot && slot.incarnation < place.slot->incarnation) return;
  if (slot.report) tally_.update(slot.place, slot.incarnation, *slot.report);
  if (!slot.alive) tally_.died(slot.place, slot.incarnation);
  place.slot = slot;
  place.heard = now;
}

void Watch::event(const control::Event& event, const std::string& host) {
  const auto known = std::find_if(errors_.begin(), errors_.end(), [&](const Said& s) {
    return s.text == event.text && s.place == event.place && s.host == host;
  });
  Said said{event.at_ms, event.at_ms, host, event.place, event.text, 1};
  if (known != errors_.end()) {
    said.times = known->times + 1;
    said.first_ms = known->first_ms;
    errors_.erase(known);
  }
  errors_.push_back(std::move(said));
  if (errors_.size() > kMostErrors) errors_.pop_front();
}

void Watch::tick(TimePoint now) {
  if (window_.due(now)) window_.look(now, tally_.totals());
}

Observed Watch::observed() const {
  Observed all{true, true};
  for (const PlaceWatch& place : places_) {
    if (!place.slot || !place.slot->alive || !place.slot->report) return {};
    const worker::Report& report = *place.slot->report;
    all.finished = all.finished && report.finished;
    const bool none_pending = std::all_of(report.tasks.begin(), report.tasks.end(),
                                          [](const worker::TaskReport& t) { return t.pending == 0; });
    all.still = all.still && !report.active && none_pending;
  }
  return all;
}

}  // namespace gale::master
