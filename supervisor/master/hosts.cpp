// SPDX-License-Identifier: Apache-2.0
#include "supervisor/master/hosts.hpp"

#include <utility>

namespace gale::master {

std::vector<control::Event> Hosts::heard(control::Beat beat, TimePoint now) {
  Host& host = hosts_[beat.host];
  if (host.last.boot != beat.boot) host.events_seen = 0;
  std::vector<control::Event> fresh;
  for (control::Event& event : beat.events) {
    if (event.number <= host.events_seen) continue;
    host.events_seen = event.number;
    fresh.push_back(std::move(event));
  }
  beat.events.clear();
  host.last = std::move(beat);
  host.heard = now;
  host.up = true;
  return fresh;
}

bool Hosts::expire(TimePoint now, Duration most) {
  bool any = false;
  for (auto& [id, host] : hosts_) {
    if (!host.up || now - host.heard < most) continue;
    host.up = false;
    any = true;
  }
  return any;
}

bool Hosts::tell(const std::string& id, std::vector<control::WantedTopology> topologies) {
  Host& host = hosts_[id];
  if (host.version != 0 && host.told == topologies) return false;
  host.told = std::move(topologies);
  host.version = ++version_;
  return true;
}

const Host* Hosts::find(const std::string& id) const {
  const auto host = hosts_.find(id);
  return host == hosts_.end() ? nullptr : &host->second;
}

std::vector<HostView> Hosts::views() const {
  std::vector<HostView> views;
  for (const auto& [id, host] : hosts_) views.push_back({id, host.last.ports, host.up && host.last.trouble.empty()});
  return views;
}

}  // namespace gale::master
