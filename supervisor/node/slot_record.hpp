// SPDX-License-Identifier: Apache-2.0
//
// SlotRecord: what a supervisor must know of a slot after it was started anew, or after the power was cut: which life
// of which place it last gave it, and which process that is. It is on disk before the process is. Pure.
#pragma once

#include "engine/base/ids.hpp"

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace gale::node {

/// What a slot's worker is to be. `generation` is the master's, raised whenever the place goes to another slot.
struct Assignment {
  std::string topology;
  std::uint32_t revision = 1;
  WorkerId place;
  std::uint32_t generation = 1;
  friend bool operator==(const Assignment&, const Assignment&) = default;
};

/// The last life that a slot has given a place that it no longer has: should it come back, its count goes on.
struct Former {
  std::string topology;
  WorkerId place;
  Incarnation incarnation;
  friend bool operator==(const Former&, const Former&) = default;
};
inline constexpr std::size_t kMostFormer = 64;  // of a slot; the oldest are forgotten

/// As people are told of it: "rates-1, worker 2".
[[nodiscard]] inline std::string person_of(const Assignment& a) {
  return a.topology + ", worker " + std::to_string(a.place.value + 1);
}

/// A process that a pid alone does not name: pids come again, on this boot or the next.
struct ProcessId {
  std::int64_t pid = 0;          // 0: none is known
  std::uint64_t start_time = 0;  // ticks after the boot, /proc/PID/stat
  std::string boot;              // /proc/sys/kernel/random/boot_id
  friend bool operator==(const ProcessId&, const ProcessId&) = default;
};

struct SlotRecord {
  Assignment assignment;
  Incarnation incarnation;
  bool ended = false;  // its death was seen
  ProcessId process;   // unknown between its launch and the next record: then it is looked for
  std::vector<Former> former;
  friend bool operator==(const SlotRecord&, const SlotRecord&) = default;
};

[[nodiscard]] std::string encode(const SlotRecord& record);
/// Nothing when a single bit is not as it was written.
[[nodiscard]] std::optional<SlotRecord> decode_record(std::string_view bytes);

}  // namespace gale::node
