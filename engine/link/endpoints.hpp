// SPDX-License-Identifier: Apache-2.0
//
// Where a worker listens. A worker may listen at several places, one for peers on its machine and one for others; each
// peer is told the one that it can reach.
#pragma once

#include <cstdint>
#include <string>

namespace gale::link {

/// "ipc:///dir/w1.data", "tcp://127.0.0.1:6700"; both empty: not known yet, nothing can be sent there.
struct Endpoints {
  std::string data, ack;
  [[nodiscard]] bool known() const noexcept { return !data.empty(); }
  bool operator==(const Endpoints&) const = default;
};

/// Of the worker in `place` (from 0), when all workers run on this machine and share a folder.
[[nodiscard]] inline Endpoints endpoints_in(const std::string& dir, std::uint16_t place) {
  const std::string stem = "ipc://" + dir + "/w" + std::to_string(place);
  return {stem + ".data", stem + ".ack"};
}

}  // namespace gale::link
