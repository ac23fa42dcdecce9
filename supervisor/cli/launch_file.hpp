// SPDX-License-Identifier: Apache-2.0
//
// What a supervisor, or the master for a check, has written down for a process before it started it: what does not
// belong on a command line.
#pragma once

#include "engine/base/result.hpp"
#include "supervisor/control/peers.hpp"

#include <fstream>
#include <iterator>
#include <string>

namespace gale::cli {

/// No path: nothing was said.
[[nodiscard]] inline Result<control::Launch> read_launch(const std::string& path) {
  if (path.empty()) return control::Launch{};
  std::ifstream file(path, std::ios::binary);
  const std::string bytes((std::istreambuf_iterator<char>(file)), std::istreambuf_iterator<char>());
  Result<control::Launch> launch = control::decode_launch(bytes);
  if (!launch) return Failed{path + ": " + launch.error()};
  return launch;
}

}  // namespace gale::cli
