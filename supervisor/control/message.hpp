// SPDX-License-Identifier: Apache-2.0
//
// Messages between workers and whoever started them: one msgpack map each, its grammar in PROTOCOL.md. Unknown keys are
// passed over, so either side may be newer. What cannot be understood is refused with a text, never a crash.
#pragma once

#include "engine/base/ids.hpp"
#include "engine/base/result.hpp"
#include "engine/worker/report.hpp"

#include <cstdint>
#include <string>
#include <string_view>

namespace gale::control {

inline constexpr std::int64_t kProtocol = 1;

/// kDrain: let the spouts stop and the rest run out. kStop: end now. kSuspects: tuples that have crashed workers.
enum class Kind { kReport, kCannotStart, kDrain, kStop, kSuspects };

struct Message {
  Kind kind = Kind::kReport;
  WorkerId worker;
  Incarnation incarnation;
  worker::Report report;  // kReport
  std::string why;        // kCannotStart
  std::string suspects;   // kSuspects: as crash::Suspects::to_text writes them
};

[[nodiscard]] std::string encode(const Message& message);
[[nodiscard]] Result<Message> decode(std::string_view bytes);

}  // namespace gale::control
