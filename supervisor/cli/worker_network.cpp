// SPDX-License-Identifier: Apache-2.0
#include "supervisor/cli/worker_network.hpp"

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
  WorkerNetwork network{{}, std::move(*places), {}};
  if (workers > 1) network.own.push_back(network.places[worker - 1u]);
  for (const std::string& listen : a.listen) {
    Result<link::Endpoints> one = pair_of("--listen", listen);
    if (!one) return Failed{one.error()};
    if (workers > 1) network.own.push_back(std::move(*one));
  }
  if (a.keys.empty()) return network;
  Result<keys::Security> security = keys::read_security(a.keys, keys::Role::kWorker, keys::Role::kWorker);
  if (!security) return Failed{security.error()};
  network.security = std::move(*security);
  return network;
}

}  // namespace gale::cli
