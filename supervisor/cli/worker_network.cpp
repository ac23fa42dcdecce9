// SPDX-License-Identifier: Apache-2.0
#include "supervisor/cli/worker_network.hpp"

#include "engine/base/log.hpp"
#include "engine/keys/endpoint.hpp"

#include <utility>

namespace gale::cli {
namespace {

Result<link::Endpoints> pair_of(const std::string& option, const std::string& text) {
  const auto comma = text.find(',');
  if (comma == std::string::npos) return Failed{option + " '" + text + "': wants DATA,ACK, two endpoints"};
  return link::Endpoints{text.substr(0, comma), text.substr(comma + 1)};
}

Result<std::vector<link::Endpoints>> places_of(const WorkerNetworkArguments& a, const control::Launch& launch,
                                               std::uint16_t workers) {
  std::vector<link::Endpoints> places;
  if (!launch.places.empty()) {
    places.resize(workers);  // what has no slot yet is told later
    for (const control::PeerPlace& p : launch.places) {
      if (p.place.value < workers) places[p.place.value] = {p.data, p.ack};
    }
    return places;
  }
  for (std::uint16_t w = 0; w < workers && a.places.empty(); ++w) places.push_back(link::endpoints_in(a.dir, w));
  for (const std::string& place : a.places) {
    Result<link::Endpoints> one = pair_of("--place", place);
    if (!one) return Failed{one.error()};
    places.push_back(std::move(*one));
  }
  if (places.size() == workers) return places;
  return Failed{"--place was given " + std::to_string(places.size()) + " times for " + std::to_string(workers) +
                " workers"};
}

}  // namespace

Result<WorkerNetwork> network_of(const WorkerNetworkArguments& a, const control::Launch& launch, std::uint16_t worker,
                                 std::uint16_t workers) {
  if (worker < 1 || worker > workers)
    return Failed{"--worker " + std::to_string(worker) + ": there are " + std::to_string(workers)};
  Result<std::vector<link::Endpoints>> places = places_of(a, launch, workers);
  if (!places) return Failed{places.error()};
  WorkerNetwork network{{}, std::move(*places), {}, {}};
  if (workers > 1) network.own.push_back(network.places[worker - 1u]);
  if (!a.listen.empty()) {
    Result<link::Endpoints> one = pair_of("--listen", a.listen);
    if (!one) return Failed{one.error()};
    network.for_others = std::move(*one);
  }
  if (a.keys.empty()) return network;
  Result<keys::Security> security = keys::read_security(a.keys, keys::Role::kWorker, keys::Role::kWorker);
  if (!security) return Failed{security.error()};
  network.security = std::move(*security);
  return network;
}

void WorkerNeighbours::follow(worker::Worker& worker, const std::vector<control::PeerPlace>& told) {
  for (const control::PeerPlace& one : told) {
    if (one.place == self_ || one.place.value >= places_.size() || one.data.empty()) continue;
    const link::Endpoints at{one.data, one.ack};
    if (keys::is_tcp(at.data)) listen(worker);
    link::Endpoints& known = places_[one.place.value];
    Incarnation& dead = dead_[one.place.value];
    if (at == known && one.dead == dead) continue;
    if (const Result<void> moved = worker.peer_moved(one.place, at); !moved) {
      log::warn("link", "worker " + std::to_string(one.place.value + 1) + ": " + moved.error());
      continue;
    }
    known = at;
    dead = one.dead;
  }
}

/// For those of other hosts, once there are some.
void WorkerNeighbours::listen(worker::Worker& worker) {
  if (!for_others_.known()) return;
  if (const Result<void> done = worker.listen(for_others_); !done)
    log::error("link", done.error() + "; workers of other hosts cannot reach this one");
  for_others_ = {};
}

}  // namespace gale::cli
