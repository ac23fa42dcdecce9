// SPDX-License-Identifier: Apache-2.0
//
// How a run looks to a person and to a program.
#pragma once

#include "engine/base/clock.hpp"
#include "supervisor/metrics/totals.hpp"

#include <cstdint>
#include <string>

namespace gale::cli {

struct Outcome {
  std::string topology;
  double seconds = 0;
  std::uint64_t restarts = 0;  // of worker processes
  bool results_lost = false;
};

/// One line of JSON, without its end: {"topology","seconds","roots":{...},"components":[...],"links":{...},...}.
[[nodiscard]] std::string to_json(const Outcome& outcome, const metrics::Totals& totals);
/// A small table, and a line for each kind of trouble there was.
[[nodiscard]] std::string to_text(const Outcome& outcome, const metrics::Totals& totals);
/// "12 s: 1 234 567 roots acked (100 000/s), 512 pending".
[[nodiscard]] std::string progress(double seconds, const metrics::Totals& now, const metrics::Totals& before,
                                   double since);
/// 1234567 -> "1 234 567".
[[nodiscard]] std::string grouped(std::uint64_t n);

}  // namespace gale::cli
