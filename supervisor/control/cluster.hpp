// SPDX-License-Identifier: Apache-2.0
//
// What the master and the supervisors tell each other, in the beat: a supervisor says how its slots are, the master
// answers what it wants there. Both say all there is each time, so nothing depends on what was said before.
// Plain data with its msgpack form (PROTOCOL.md). No I/O, no threads.
#pragma once

#include "engine/base/ids.hpp"
#include "engine/worker/report.hpp"
#include "gale/value.hpp"

#include <compare>
#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <vector>

namespace gale::control {

/// A worker's incarnation: the generation of its place, which the master raises whenever the place is given to another
/// slot, and the count of its starts there, which the supervisor raises. One rising number for all who compare.
inline constexpr unsigned kCountBits = 10;
inline constexpr std::uint32_t kMostCount = (1u << kCountBits) - 1;
[[nodiscard]] constexpr Incarnation incarnation_of(std::uint32_t generation, std::uint32_t count) {
  return Incarnation(generation << kCountBits | count);
}
[[nodiscard]] constexpr std::uint32_t generation_of(Incarnation i) { return i.value >> kCountBits; }
[[nodiscard]] constexpr std::uint32_t count_of(Incarnation i) { return i.value & kMostCount; }

struct PluginFile {
  std::string name;    // as the topology names it
  std::string sha256;  // hex
  std::uint64_t bytes = 0;
  friend bool operator==(const PluginFile&, const PluginFile&) = default;
};

/// What every worker of a topology reads. Immutable: a change is another revision.
struct Revision {
  std::string topology;           // its id, NAME-N: never given again
  std::uint32_t number = 1;       // of the revision
  std::uint64_t token = 0;        // frames of another one are refused
  std::string file;               // the text of the topology file
  std::vector<std::string> sets;  // KEY=VALUE
  std::vector<PluginFile> plugins;
  std::uint16_t workers = 1;
  std::map<std::string, std::uint32_t> tasks;  // of components, where a rebalance has changed them
  friend bool operator==(const Revision&, const Revision&) = default;
};

/// What the spouts of a topology may do. Draining: emit nothing new, as if their input had ended.
enum class Phase : std::uint8_t { kActive, kInactive, kDraining };
[[nodiscard]] const char* name_of(Phase phase);
[[nodiscard]] Phase phase_of(const std::string& name);  // active when it is none

/// A host by its id, a slot by its port.
struct Slot {
  std::string host;
  std::uint16_t port = 0;
  friend auto operator<=>(const Slot&, const Slot&) = default;
};

/// Where a place of a topology is. Told to every host that has one of its places.
struct Placed {
  WorkerId place;
  Slot slot;
  std::string address;  // of the host, for other hosts
  std::uint32_t generation = 1;
  Incarnation dead;  // this life of the place and all before it are no more; 0: none
  friend bool operator==(const Placed&, const Placed&) = default;
};

struct WantedTopology {
  Revision revision;
  Phase phase = Phase::kActive;
  std::vector<Placed> places;  // of all hosts, by place; those without a slot are left out
  friend bool operator==(const WantedTopology&, const WantedTopology&) = default;
};

/// The answer to a beat.
struct Wanted {
  std::uint64_t version = 0;  // rises with every change that concerns the host
  std::vector<WantedTopology> topologies;
};

enum class SlotState : std::uint8_t {
  kFetching,     // its plugins are not all here
  kRunning,      // a process lives
  kStopping,     // told to end
  kBackingOff,   // died; starts again in a while
  kCrashLooping  // the same, again and again
};
[[nodiscard]] const char* name_of(SlotState state);

/// How a worker is, by its supervisor.
struct SlotReport {
  std::uint16_t port = 0;
  std::string topology;
  std::uint32_t revision = 1;
  WorkerId place;
  Incarnation incarnation;  // its present life, or the last one
  bool alive = false;       // a process of that life exists
  SlotState state = SlotState::kRunning;
  std::string why;  // of what is not as wanted: the last death, a plugin that is being fetched
  std::uint64_t pid = 0, rss_bytes = 0, restarts = 0;
  std::uint64_t up_ms = 0;               // of the present life
  std::optional<worker::Report> report;  // its last; nothing when it has not spoken yet
};

/// Something that happened once: an error of a task, a death.
struct Event {
  std::uint64_t number = 0;  // rises by host and boot, so that one told twice is known
  std::int64_t at_ms = 0;    // wall clock, for people
  std::string topology;
  WorkerId place;
  std::string text;
};

struct Beat {
  std::string host;                  // id: kept on the host's disk
  std::string name;                  // for people
  std::string address;               // for other hosts' workers
  std::string boot;                  // changes whenever the supervisor starts
  std::vector<std::uint16_t> ports;  // its slots
  std::uint64_t seen = 0;            // version of the last answer: the master answers at once when it has another
  bool complete = false;             // it has compared what it found running with what is wanted
  std::vector<SlotReport> slots;     // of those in use
  std::vector<Event> events;         // told again until answered
  std::uint64_t memory_bytes = 0, memory_free_bytes = 0, disk_free_bytes = 0;
  std::string trouble;  // of the host itself: its disk is full; empty: none
};

[[nodiscard]] Value to_value(const Wanted& wanted);
[[nodiscard]] Wanted to_wanted(const Value& map);
[[nodiscard]] Value to_value(const Beat& beat);
[[nodiscard]] Beat to_beat(const Value& map);
[[nodiscard]] Value to_value(const Revision& revision);
[[nodiscard]] Revision to_revision(const Value& map);

}  // namespace gale::control
