// SPDX-License-Identifier: Apache-2.0
//
// Messages between workers and whoever started them: one msgpack map each, its grammar in PROTOCOL.md. Unknown keys are
// passed over, so either side may be newer. What cannot be understood is refused with a text, never a crash.
#pragma once

#include "engine/base/ids.hpp"
#include "engine/base/result.hpp"
#include "engine/worker/report.hpp"
#include "gale/value.hpp"
#include "supervisor/control/peers.hpp"

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace gale::control {

inline constexpr std::int64_t kProtocol = 1;

/// kDrain: let the spouts stop and the rest run out. kStop: end now. kActivate, kDeactivate: spouts may emit, or not.
/// kSuspects: tuples that have crashed workers.
enum class Kind { kReport, kCannotStart, kDrain, kStop, kPeers, kActivate, kDeactivate, kSuspects };

struct Message {
  Kind kind = Kind::kReport;
  WorkerId worker;
  Incarnation incarnation;
  std::uint16_t slot = 0;  // of a supervisor: places of several topologies speak to it; 0 elsewhere
  std::uint64_t told = 0;  // kDrain, kActivate, kDeactivate: number of what is told; kReport: the last that was heard
  worker::Report report;   // kReport
  std::string why;         // kCannotStart
  std::vector<PeerPlace> places;  // kPeers
  std::string suspects;           // kSuspects: as crash::Suspects::to_text writes them
};

[[nodiscard]] std::string encode(const Message& message);
[[nodiscard]] Result<Message> decode(std::string_view bytes);

/// A report as it stands in a message.
[[nodiscard]] Value to_value(const worker::Report& report);
[[nodiscard]] worker::Report to_report(const Value& map);

}  // namespace gale::control
