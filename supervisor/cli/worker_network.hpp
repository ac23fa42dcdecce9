// SPDX-License-Identifier: Apache-2.0
//
// Where a worker process listens and finds the others: as its supervisor has written it down, as its command line says,
// or by unix sockets in the run's common folder.
#pragma once

#include "engine/base/result.hpp"
#include "engine/keys/security.hpp"
#include "engine/link/endpoints.hpp"
#include "engine/worker/worker.hpp"
#include "supervisor/control/peers.hpp"

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

namespace gale::cli {

struct WorkerNetwork {
  std::vector<link::Endpoints> own, places;
  link::Endpoints for_others;  // where it listens, too, once there are workers on other hosts
  std::optional<keys::Security> security;
};

struct WorkerNetworkArguments {
  std::string dir, keys;
  std::vector<std::string> places;  // DATA,ACK
  std::string listen;               // the same
};

/// `worker`: the place, from 1, of `workers`.
[[nodiscard]] Result<WorkerNetwork> network_of(const WorkerNetworkArguments& arguments, const control::Launch& launch,
                                               std::uint16_t worker, std::uint16_t workers);

/// What a worker knows of the others while it runs: where they are, and for whom it listens. Its owner's thread.
class WorkerNeighbours {
 public:
  WorkerNeighbours(WorkerId self, const WorkerNetwork& network)
      : self_(self), places_(network.places), dead_(places_.size()), for_others_(network.for_others) {}

  /// Somebody has moved, or died: his next life is looked for at once.
  void follow(worker::Worker& worker, const std::vector<control::PeerPlace>& told);

 private:
  void listen(worker::Worker& worker);

  const WorkerId self_;
  std::vector<link::Endpoints> places_;
  std::vector<Incarnation> dead_;  // by place: this life and all before it
  link::Endpoints for_others_;     // until it listens there
};

}  // namespace gale::cli
