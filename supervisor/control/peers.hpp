// SPDX-License-Identifier: Apache-2.0
//
// What a worker is told of its topology's workers: where each listens, and which of its lives are no more. All of it
// each time. And the file that a supervised worker reads before it has a connection. Plain data with its msgpack form.
#pragma once

#include "engine/base/ids.hpp"
#include "engine/base/result.hpp"
#include "gale/value.hpp"
#include "supervisor/control/cluster.hpp"

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace gale::control {

struct PeerPlace {
  WorkerId place;
  std::string data, ack;  // endpoints
  Incarnation dead;       // this life and all before it; 0: none
  friend bool operator==(const PeerPlace&, const PeerPlace&) = default;
};

[[nodiscard]] Value to_value(const std::vector<PeerPlace>& places);
[[nodiscard]] std::vector<PeerPlace> to_places(const Value& map);  // its member "places"

/// A supervised worker's start: what does not belong on a command line, which others on the host can read.
struct Launch {
  std::uint64_t token = 0;
  std::vector<std::string> sets;  // KEY=VALUE
  std::vector<PeerPlace> places;
  Phase phase = Phase::kActive;
};
[[nodiscard]] std::string encode(const Launch& launch);
[[nodiscard]] Result<Launch> decode_launch(std::string_view bytes);

}  // namespace gale::control
