// SPDX-License-Identifier: Apache-2.0
//
// What the daemons have in common on the command line.
#pragma once

#include <filesystem>
#include <string>

namespace gale::cli {

/// /var/lib/gale/NAME for root, else gale/NAME in XDG_STATE_HOME or ~/.local/state.
[[nodiscard]] std::filesystem::path default_state_dir(const std::string& name);

}  // namespace gale::cli
