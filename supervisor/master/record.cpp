// SPDX-License-Identifier: Apache-2.0
#include "supervisor/master/record.hpp"

#include "supervisor/control/fields.hpp"

#include <array>
#include <utility>

namespace gale::master {
namespace {

using control::array_in;
using control::flag_in;
using control::map_in;
using control::number_in;
using control::text_in;

constexpr std::array<const char*, 4> kStatuses = {"active", "inactive", "rebalancing", "killed"};

Status to_status(const std::string& name) {
  for (std::size_t i = 0; i < kStatuses.size(); ++i) {
    if (name == kStatuses[i]) return static_cast<Status>(i);
  }
  return Status::kActive;
}

Value of_place(const Place& place) {
  Value::Map map{{"generation", place.generation}, {"dead", place.dead.value}};
  if (place.slot) map.emplace("slot", Value::Map{{"host", place.slot->host}, {"port", place.slot->port}});
  return map;
}

Place to_place(const Value& map) {
  Place place;
  if (map.find("slot") != nullptr) {
    const Value& slot = map_in(map, "slot");
    place.slot = control::Slot{text_in(slot, "host"), static_cast<std::uint16_t>(number_in(slot, "port"))};
  }
  place.generation = static_cast<std::uint32_t>(number_in(map, "generation"));
  place.dead = Incarnation(static_cast<std::uint32_t>(number_in(map, "dead")));
  return place;
}

}  // namespace

const char* name_of(Status status) { return kStatuses[static_cast<std::size_t>(status)]; }

Value to_value(const TopologyRecord& r) {
  Value::Array places;
  for (const Place& place : r.places) places.push_back(of_place(place));
  Value::Map map{{"name", r.name},
                 {"revision", control::to_value(r.revision)},
                 {"status", name_of(r.status)},
                 {"active_after", r.active_after},
                 {"submitted_ms", r.submitted_ms},
                 {"wait_ms", r.wait_ms},
                 {"places", std::move(places)},
                 {"outline", metrics::to_value(r.outline)}};
  if (r.next) {
    map.emplace("next", control::to_value(*r.next));
    map.emplace("next_outline", metrics::to_value(r.next_outline));
  }
  return map;
}

TopologyRecord to_record(const Value& map) {
  TopologyRecord r;
  r.name = text_in(map, "name");
  r.revision = control::to_revision(map_in(map, "revision"));
  r.status = to_status(text_in(map, "status"));
  r.active_after = flag_in(map, "active_after");
  r.submitted_ms = static_cast<std::int64_t>(number_in(map, "submitted_ms"));
  r.wait_ms = static_cast<std::int64_t>(number_in(map, "wait_ms"));
  if (map.find("next") != nullptr) r.next = control::to_revision(map_in(map, "next"));
  for (const Value& place : array_in(map, "places")) r.places.push_back(to_place(place));
  r.outline = metrics::to_outline(map_in(map, "outline"));
  if (r.next) r.next_outline = metrics::to_outline(map_in(map, "next_outline"));
  return r;
}

}  // namespace gale::master
