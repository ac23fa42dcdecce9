// SPDX-License-Identifier: Apache-2.0
//
// How fast a process grows: least squares over the later part of its samples. Pure.
#pragma once

#include "tests/cluster/checker/run_facts.hpp"

#include <algorithm>
#include <cstdint>
#include <optional>
#include <vector>

namespace ledger {

/// Bytes a second, over the last three fifths (before, pools and tables grow to their size); nothing when there are too
/// few samples to say.
inline std::optional<double> growth_of(const std::vector<MemorySample>& samples) {
  constexpr std::size_t kFewest = 8;
  const std::size_t from = samples.size() * 2 / 5;
  if (samples.size() - from < kFewest) return std::nullopt;
  const auto n = static_cast<double>(samples.size() - from);
  double t = 0, b = 0, tt = 0, tb = 0;
  for (std::size_t i = from; i < samples.size(); ++i) {
    const double x = static_cast<double>(samples[i].time_ns - samples[from].time_ns) / 1e9;
    const auto y = static_cast<double>(samples[i].bytes);
    t += x;
    b += y;
    tt += x * x;
    tb += x * y;
  }
  return (n * tb - t * b) / std::max(n * tt - t * t, 1e-9);
}

}  // namespace ledger
