// SPDX-License-Identifier: Apache-2.0
//
// TopologyRecord: all that the master must know of a topology after its own death. Plain data.
#pragma once

#include "gale/value.hpp"
#include "supervisor/control/cluster.hpp"
#include "supervisor/metrics/outline.hpp"

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

namespace gale::master {

enum class Status : std::uint8_t {
  kActive,
  kInactive,     // its spouts are asked for nothing
  kRebalancing,  // its spouts stop, what is pending runs out, then it goes on as `next` says
  kKilled        // the same, then it is gone
};
[[nodiscard]] const char* name_of(Status status);  // "active" ...

/// Where a place is, or was.
struct Place {
  std::optional<control::Slot> slot;
  std::uint32_t generation = 0;  // of the slot it was given last; 0: never had one
  Incarnation dead;              // the place's latest life that is known to be no more
  friend bool operator==(const Place&, const Place&) = default;
};

struct TopologyRecord {
  std::string name;
  control::Revision revision;  // revision.topology is the id
  Status status = Status::kActive;
  bool active_after = true;               // what a rebalance goes on as
  std::int64_t submitted_ms = 0;          // wall clock, for people
  std::int64_t wait_ms = 0;               // how long what is pending may take to run out (kRebalancing, kKilled)
  std::optional<control::Revision> next;  // kRebalancing
  std::vector<Place> places;              // by place
  metrics::Outline outline;               // of the revision
  metrics::Outline next_outline;          // of the next one
  friend bool operator==(const TopologyRecord&, const TopologyRecord&) = default;
};

/// As the store keeps it: members that are missing are empty or 0, unknown ones are passed over.
[[nodiscard]] Value to_value(const TopologyRecord& record);
[[nodiscard]] TopologyRecord to_record(const Value& map);

}  // namespace gale::master
