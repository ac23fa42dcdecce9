// SPDX-License-Identifier: Apache-2.0
#include "supervisor/node/endpoints.hpp"

#include "engine/base/sha256.hpp"
#include "supervisor/node/file_name.hpp"

#include <tuple>

namespace gale::node {
namespace {

constexpr std::size_t kMostName = 24;

std::string tcp(const std::string& address, std::uint32_t port) {
  const bool v6 = address.find(':') != std::string::npos && !address.starts_with('[');
  return "tcp://" + (v6 ? "[" + address + "]" : address) + ":" + std::to_string(port);
}

}  // namespace

std::string run_folder(const std::string& run, const std::string& topology, std::uint32_t revision) {
  const std::string name = file_name_of(topology) + "." + std::to_string(revision);
  return run + "/" + (name.size() <= kMostName ? name : sha256_hex(name).substr(0, kMostName));
}

std::pair<std::string, std::string> slot_endpoints(const std::string& address, std::uint16_t port) {
  return {tcp(address, port), tcp(address, std::uint32_t{port} + kAckPorts)};
}

std::vector<control::PeerPlace> peer_places(const control::WantedTopology& topology, const std::string& this_host,
                                            const std::string& run) {
  std::vector<control::PeerPlace> places;
  for (const control::Placed& p : topology.places) {
    control::PeerPlace& one = places.emplace_back();
    one.place = p.place;
    one.dead = p.dead;
    if (p.slot.host == this_host) {
      const std::string stem = "ipc://" + run_folder(run, topology.revision.topology, topology.revision.number) + "/w" +
                               std::to_string(p.place.value);
      one.data = stem + ".data";
      one.ack = stem + ".ack";
    } else {
      std::tie(one.data, one.ack) = slot_endpoints(p.address, p.slot.port);
    }
  }
  return places;
}

}  // namespace gale::node
