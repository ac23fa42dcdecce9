// SPDX-License-Identifier: Apache-2.0
#include "supervisor/cli/option_table.hpp"

#include "supervisor/cli/config_file.hpp"

#include <boost/program_options.hpp>

namespace gale::cli {

std::vector<OptionRow> option_table(const Command& command) {
  std::vector<OptionRow> rows;
  for (const auto& option : command.options().options()) {
    const auto& value = *option->semantic();
    rows.push_back({option->long_name(), value.max_tokens() == 0 ? "" : value.name(), option->description(),
                    value.is_composing()});
  }
  if (command.about().group != nullptr) rows.push_back({kConfigOption, "FILE", kConfigExplain, false});
  rows.push_back({"help", "", "tells how it is used, and ends", false});
  return rows;
}

}  // namespace gale::cli
