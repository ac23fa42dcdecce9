// SPDX-License-Identifier: Apache-2.0
//
// The configuration file, gale.yaml: values for options of daemons and of the commands that ask them, as
// `GROUP.OPTION: value`. There is no other list of keys than the options themselves; the command line wins.
#pragma once

#include "engine/base/fault.hpp"
#include "engine/base/result.hpp"
#include "supervisor/cli/command.hpp"

#include <string>
#include <utility>
#include <vector>

namespace gale::cli {

inline constexpr const char* kConfigOption = "config";
inline constexpr const char* kConfigExplain =
    "the configuration file (default: GALE_CONFIG, else gale/gale.yaml in XDG_CONFIG_HOME or ~/.config, else "
    "/etc/gale/gale.yaml)";

struct ConfigKey {
  std::string name;   ///< "master.listen"
  std::string value;  ///< N, TIME, DIR ...; empty: true or false
  std::string explain;
};

/// Those of every group, which are the options that all of its commands have.
[[nodiscard]] std::vector<ConfigKey> config_keys();

/// Option and value, of those that the file gives to a group. No file at all is nothing, unless `given` names it. The
/// error names the file, the place, what is wrong.
[[nodiscard]] Result<std::vector<std::pair<std::string, std::string>>> read_config(const std::string& given,
                                                                                   const std::string& group);

}  // namespace gale::cli
