// SPDX-License-Identifier: Apache-2.0
//
// Where a worker process listens and finds the others: as its supervisor has written it down, as its command line says,
// or by unix sockets in the run's common folder.
#pragma once

#include "engine/base/result.hpp"
#include "engine/keys/security.hpp"
#include "engine/link/endpoints.hpp"
#include "supervisor/control/peers.hpp"

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

namespace gale::cli {

struct WorkerNetwork {
  std::vector<link::Endpoints> own, places;
  std::optional<keys::Security> security;
};

struct WorkerNetworkArguments {
  std::string dir, keys;
  std::vector<std::string> places, listen;  // DATA,ACK
};

/// `worker`: the place, from 1, of `workers`.
[[nodiscard]] Result<WorkerNetwork> network_of(const WorkerNetworkArguments& arguments, const control::Launch& launch,
                                               std::uint16_t worker, std::uint16_t workers);

}  // namespace gale::cli
