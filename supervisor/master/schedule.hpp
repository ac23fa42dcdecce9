// SPDX-License-Identifier: Apache-2.0
//
// schedule(): which slot each place of each topology gets. A pure function: the same answer to the same question. What
// has a usable slot keeps it; what has none gets one so that each topology, and all of them together, are even over the
// hosts; what finds none waits, and is told why.
#pragma once

#include "supervisor/control/cluster.hpp"

#include <cstdint>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <vector>

namespace gale::master {

struct HostView {
  std::string id;
  std::vector<std::uint16_t> ports;
  bool usable = true;  // it answers, and has no trouble of its own
};

struct TopologyView {
  std::string id;
  std::vector<std::optional<control::Slot>> places;         // as they are; one on a host that is not usable has to move
  std::set<std::pair<std::uint16_t, std::string>> avoid{};  // (place, host): it crashed there again and again
};

struct Schedule {
  std::map<std::string, std::vector<std::optional<control::Slot>>> places;  // by topology
  std::map<std::string, std::string> degraded;  // by topology: why not all of its places have a slot
};

/// Topologies in the order in which they may take slots.
[[nodiscard]] Schedule schedule(const std::vector<HostView>& hosts, const std::vector<TopologyView>& topologies);

}  // namespace gale::master
