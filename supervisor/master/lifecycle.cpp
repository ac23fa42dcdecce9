// SPDX-License-Identifier: Apache-2.0
#include "supervisor/master/lifecycle.hpp"

#include <algorithm>
#include <utility>

namespace gale::master {

Step next_step(const TopologyRecord& record, const Observed& observed, Duration since) {
  const bool waited = since >= std::chrono::milliseconds(record.wait_ms);
  switch (record.status) {
    case Status::kRebalancing:
      return waited || observed.still ? Step::kSwitch : Step::kNone;
    case Status::kKilled:
      return waited || observed.finished ? Step::kRemove : Step::kNone;
    default:
      return Step::kNone;
  }
}

control::Phase phase_of(Status status) {
  switch (status) {
    case Status::kActive:
      return control::Phase::kActive;
    case Status::kKilled:
      return control::Phase::kDraining;
    default:
      return control::Phase::kInactive;
  }
}

void give(Place& place, std::optional<control::Slot> slot) {
  place.slot = std::move(slot);
  ++place.generation;
  // No life has count 0: this is above all of the generations before, and below all of this one.
  if (place.generation > 1) place.dead = control::incarnation_of(place.generation, 0);
}

TopologyRecord switched(TopologyRecord record) {
  std::uint32_t newest = 0;
  for (const Place& place : record.places) newest = std::max(newest, place.generation);
  record.revision = std::move(*record.next);
  record.next.reset();
  record.outline = std::move(record.next_outline);
  record.next_outline = {};
  record.status = record.active_after ? Status::kActive : Status::kInactive;
  record.wait_ms = 0;
  record.places.resize(record.revision.workers);
  for (Place& place : record.places) {
    place.generation = newest;
    give(place, place.slot);
  }
  return record;
}

}  // namespace gale::master
