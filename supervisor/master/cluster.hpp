// SPDX-License-Identifier: Apache-2.0
//
// Cluster: what is submitted, where it runs and how it is. Decides; the daemon does the talking. Every change of a
// record is in the store before it holds here, so a master that dies at any point has either accepted a request or has
// not. Knows neither sockets nor plugins. Threads: one.
#pragma once

#include "engine/base/clock.hpp"
#include "engine/base/result.hpp"
#include "supervisor/control/cluster.hpp"
#include "supervisor/control/request.hpp"
#include "supervisor/master/hosts.hpp"
#include "supervisor/master/lifecycle.hpp"
#include "supervisor/master/record.hpp"
#include "supervisor/master/store.hpp"
#include "supervisor/master/watch.hpp"

#include <cstdint>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <vector>

namespace gale::master {

struct ClusterTimes {
  Duration host_silence = std::chrono::seconds(15);  // after it a host is down, and its places go elsewhere
  Duration grace = std::chrono::seconds(15);         // after a start nobody is down yet
};

/// A topology as it lives.
struct Topology {
  explicit Topology(TopologyRecord r, TimePoint now) : record(std::move(r)), watch(record), since(now) {}
  TopologyRecord record;
  Watch watch;
  TimePoint since;       // of this status, as far as this master knows
  std::string degraded;  // why not all of its places have a slot
};

/// A request to change something, by its id. The answer is stored with the change.
struct Asking {
  std::string request;
  std::int64_t now_ms = 0;  // wall clock
};

class Cluster {
 public:
  using Answer = control::Reply;

  Cluster(Store& store, ClusterTimes times, TimePoint now, std::int64_t now_ms);
  /// What an earlier master left.
  Result<void> load(TimePoint now);

  /// A topology whose file and plugins have been checked. The record's id, token and places are filled in here.
  Answer submit(const Asking& asking, TopologyRecord record, TimePoint now);
  Answer kill(const Asking& asking, const std::string& name, std::optional<Duration> within, TimePoint now);
  Answer set_active(const Asking& asking, const std::string& name, bool active, TimePoint now);
  /// `next` and its outline were checked as a submission is.
  Answer rebalance(const Asking& asking, const std::string& name, control::Revision next, metrics::Outline outline,
                   Duration within, TimePoint now);

  /// What a supervisor says. wanted() is its answer.
  void beat(control::Beat beat, TimePoint now);
  [[nodiscard]] control::Wanted wanted(const std::string& host) const;

  /// Does what time has brought: hosts that are down, places to be given, topologies that go on. When to call again.
  void tick(TimePoint now, std::int64_t now_ms);

  [[nodiscard]] const Topology* find(const std::string& name) const;
  [[nodiscard]] const std::map<std::string, Topology>& topologies() const noexcept { return topologies_; }  // by name
  [[nodiscard]] const Hosts& hosts() const noexcept { return hosts_; }
  /// The store's last refusal, until it works again; nothing is decided meanwhile.
  [[nodiscard]] const std::string& trouble() const noexcept { return trouble_; }
  [[nodiscard]] std::vector<std::string> names() const;

 private:
  Answer change(const Asking& asking, Topology& topology, TopologyRecord record, Value value, TimePoint now);
  Result<void> store(Change change);
  [[nodiscard]] Answer no_such(const Asking& asking, const std::string& name) const;
  void hear(const control::SlotReport& slot, const std::string& host, TimePoint now);
  void move_on(TimePoint now, std::int64_t now_ms);
  void place(TimePoint now, std::int64_t now_ms);
  void tell_hosts();

  Store& store_;
  const ClusterTimes times_;
  const TimePoint began_;
  Hosts hosts_;
  std::map<std::string, Topology> topologies_;
  std::string trouble_;
};

[[nodiscard]] control::Reply refused(const std::string& request, std::string text, bool usage = false);

}  // namespace gale::master
