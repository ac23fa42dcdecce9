// SPDX-License-Identifier: Apache-2.0
//
// Verdict: what came of one test. Plain data.
#pragma once

#include "engine/base/clock.hpp"
#include "engine/base/fault.hpp"

#include <string>
#include <vector>

namespace gale::trial {

struct Complaint {
  Position at;                     // in the topology file
  std::string text;                // "count: 1 tuple is missing, 1 is too much"
  std::vector<std::string> lines;  // what differs
};

struct Verdict {
  std::string name;
  Position at;
  std::vector<Complaint> complaints;
  Duration took{};
  [[nodiscard]] bool passed() const noexcept { return complaints.empty(); }
};

}  // namespace gale::trial
