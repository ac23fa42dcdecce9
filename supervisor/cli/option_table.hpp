// SPDX-License-Identifier: Apache-2.0
//
// The options of a command as a table: what manual pages and completions are made from.
#pragma once

#include "supervisor/cli/command.hpp"

#include <string>
#include <vector>

namespace gale::cli {

struct OptionRow {
  std::string name;   ///< without its dashes
  std::string value;  ///< N, TIME, DIR ...; empty: it is a switch
  std::string explain;
  bool repeats = false;  ///< may be given more than once
};

/// In the order of declaration, --help last.
[[nodiscard]] std::vector<OptionRow> option_table(const Command& command);

}  // namespace gale::cli
