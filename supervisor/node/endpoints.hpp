// SPDX-License-Identifier: Apache-2.0
//
// Where workers of a topology listen, as one host tells its workers: the one place where addresses of workers are made.
// On this host by sockets in the revision's folder, on others at the slot's port. Pure.
#pragma once

#include "supervisor/control/cluster.hpp"
#include "supervisor/control/peers.hpp"

#include <cstdint>
#include <string>
#include <utility>
#include <vector>

namespace gale::node {

inline constexpr std::uint16_t kAckPorts = 100;  // a slot's acks come to its port and so much

/// Below `run`: a folder for the sockets of a revision's workers. Short whatever the topology's name is: the path of a
/// socket has 107 characters.
[[nodiscard]] std::string run_folder(const std::string& run, const std::string& topology, std::uint32_t revision);

/// Where a slot's worker listens for other hosts: data and acks.
[[nodiscard]] std::pair<std::string, std::string> slot_endpoints(const std::string& address, std::uint16_t port);

[[nodiscard]] std::vector<control::PeerPlace> peer_places(const control::WantedTopology& topology,
                                                          const std::string& this_host, const std::string& run);

}  // namespace gale::node
