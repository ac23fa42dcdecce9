// SPDX-License-Identifier: Apache-2.0
//
// Views: the cluster as commands show it, as msgpack maps (control/PROTOCOL.md). Pure.
#pragma once

#include "gale/value.hpp"
#include "supervisor/master/cluster.hpp"

namespace gale::master {

/// "ok", or what keeps it from running as it should, worst first.
struct Health {
  std::string word, why;
};
[[nodiscard]] Health health_of(const Topology& topology, const Hosts& hosts, TimePoint now);

/// A line of `gale list`.
[[nodiscard]] Value line_of(const Topology& topology, const Hosts& hosts, TimePoint now, std::int64_t now_ms);
/// All of `gale status`.
[[nodiscard]] Value status_of(const Topology& topology, const Hosts& hosts, TimePoint now, std::int64_t now_ms);
[[nodiscard]] Value errors_of(const Topology& topology, const Hosts& hosts);
[[nodiscard]] Value supervisors_of(const Cluster& cluster, TimePoint now);

}  // namespace gale::master
