// SPDX-License-Identifier: Apache-2.0
//
// Hosts: the supervisors that have spoken, how long ago, and what each was told last. Pure.
#pragma once

#include "engine/base/clock.hpp"
#include "supervisor/control/cluster.hpp"
#include "supervisor/master/schedule.hpp"

#include <cstdint>
#include <map>
#include <string>
#include <vector>

namespace gale::master {

struct Host {
  control::Beat last;  // events were taken out
  TimePoint heard{};
  bool up = true;                             // heard within the timeout
  std::uint64_t events_seen = 0;              // of last.boot
  std::vector<control::WantedTopology> told;  // what it is to run
  std::uint64_t version = 0;                  // of `told`
};

class Hosts {
 public:
  /// `first_version` is above that of any master before, so that nobody takes an old answer for a new one.
  explicit Hosts(std::uint64_t first_version) : version_(first_version) {}

  /// Returns what the beat tells for the first time. Its events are gone from it.
  std::vector<control::Event> heard(control::Beat beat, TimePoint now);
  /// Those silent for `most` are down. True: one has become so.
  bool expire(TimePoint now, Duration most);
  /// What a host is to run. True: it is another thing than before.
  bool tell(const std::string& host, std::vector<control::WantedTopology> topologies);

  [[nodiscard]] const Host* find(const std::string& id) const;
  [[nodiscard]] const std::map<std::string, Host>& all() const noexcept { return hosts_; }
  /// As the scheduler sees them.
  [[nodiscard]] std::vector<HostView> views() const;

 private:
  std::map<std::string, Host> hosts_;
  std::uint64_t version_;
};

}  // namespace gale::master
