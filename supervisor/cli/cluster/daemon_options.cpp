// SPDX-License-Identifier: Apache-2.0
#include "supervisor/cli/cluster/daemon_options.hpp"

#include <unistd.h>

#include <cstdlib>

namespace gale::cli {

std::filesystem::path default_state_dir(const std::string& name) {
  if (::geteuid() == 0) return std::filesystem::path("/var/lib/gale") / name;
  if (const char* state = std::getenv("XDG_STATE_HOME"); state != nullptr && *state == '/')
    return std::filesystem::path(state) / "gale" / name;
  const char* home = std::getenv("HOME");
  return std::filesystem::path(home == nullptr ? "." : home) / ".local/state/gale" / name;
}

}  // namespace gale::cli
