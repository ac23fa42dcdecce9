// SPDX-License-Identifier: Apache-2.0
//
// explain(): what limits a topology, who waits for whom, which error repeats: read out of its status, as an operator
// would, with what to do. Pure.
#pragma once

#include "gale/value.hpp"

#include <string>
#include <vector>

namespace gale::cli {

struct Finding {
  std::string what;   // "bolt 'count' is the bottleneck: ..."
  std::string to_do;  // empty: nothing needs to be done
};

/// The weightiest first; never empty.
[[nodiscard]] std::vector<Finding> explain(const Value& status);

}  // namespace gale::cli
