// SPDX-License-Identifier: Apache-2.0
#include "supervisor/master/cluster.hpp"

#include "engine/base/hint.hpp"
#include "engine/base/log.hpp"

#include <sys/random.h>

#include <algorithm>
#include <utility>

namespace gale::master {
namespace {

std::uint64_t random_token() {
  std::uint64_t token = 0;
  while (::getrandom(&token, sizeof token, 0) != static_cast<ssize_t>(sizeof token)) {
  }
  return token;
}

std::vector<std::optional<control::Slot>> slots_of(const TopologyRecord& record) {
  std::vector<std::optional<control::Slot>> slots;
  for (const Place& place : record.places) slots.push_back(place.slot);
  return slots;
}

}  // namespace

control::Reply refused(const std::string& request, std::string text, bool usage) {
  return {request, {}, control::Refused{std::move(text), usage}};
}

Cluster::Cluster(Store& store, ClusterTimes times, TimePoint now, std::int64_t now_ms)
    : store_(store), times_(times), began_(now), hosts_(static_cast<std::uint64_t>(now_ms)) {}

Result<void> Cluster::load(TimePoint now) {
  Result<std::vector<TopologyRecord>> records = store_.topologies();
  if (!records) return Failed{records.error()};
  for (TopologyRecord& record : *records) {
    const std::string name = record.name;
    topologies_.emplace(name, Topology(std::move(record), now));
  }
  return {};
}

Result<void> Cluster::store(Change change) {
  Result<void> done = store_.apply(change);
  if (!done && trouble_ != done.error()) log::error("", done.error());
  trouble_ = done ? "" : done.error();
  return done;
}

std::vector<std::string> Cluster::names() const {
  std::vector<std::string> names;
  for (const auto& [name, topology] : topologies_) names.push_back(name);
  return names;
}

const Topology* Cluster::find(const std::string& name) const {
  const auto it = topologies_.find(name);
  return it == topologies_.end() ? nullptr : &it->second;
}

Cluster::Answer Cluster::no_such(const Asking& asking, const std::string& name) const {
  const std::vector<std::string> known = names();
  return refused(asking.request, "no topology '" + name + "' runs" + suggest(name, Names(known.begin(), known.end())),
                 true);
}

/// Stores the record and the answer, then lets them hold.
Cluster::Answer Cluster::change(const Asking& asking, Topology& topology, TopologyRecord record, Value value,
                                TimePoint now) {
  const Answer answer{asking.request, std::move(value), {}};
  if (Result<void> done = store({{record}, {}, answer, asking.now_ms}); !done)
    return refused(asking.request, done.error());
  if (record.status != topology.record.status) topology.since = now;
  topology.record = std::move(record);
  tell_hosts();
  return answer;
}

Cluster::Answer Cluster::submit(const Asking& asking, TopologyRecord record, TimePoint now) {
  if (topologies_.contains(record.name)) {
    return refused(
        asking.request,
        "a topology '" + record.name + "' runs already: 'gale kill' it first, or submit this one with another --name",
        true);
  }
  const Result<std::uint64_t> number = store_.next_number();
  if (!number) return refused(asking.request, number.error());
  record.revision.topology = record.name + "-" + std::to_string(*number);
  record.revision.number = 1;
  record.revision.token = random_token();
  record.submitted_ms = asking.now_ms;
  record.places.assign(record.revision.workers, {});
  const Answer answer{asking.request, Value::Map{{"name", record.name}, {"id", record.revision.topology}}, {}};
  if (Result<void> done = store({{record}, {}, answer, asking.now_ms}); !done)
    return refused(asking.request, done.error());
  log::info("", "topology " + record.revision.topology + " is accepted");
  const std::string name = record.name;
  topologies_.emplace(name, Topology(std::move(record), now));
  place(now, asking.now_ms);
  return answer;
}

Cluster::Answer Cluster::kill(const Asking& asking, const std::string& name, std::optional<Duration> within,
                              TimePoint now) {
  const auto it = topologies_.find(name);
  if (it == topologies_.end()) return no_such(asking, name);
  TopologyRecord record = it->second.record;
  record.status = Status::kKilled;
  record.next.reset();
  record.next_outline = {};
  record.wait_ms = within ? std::chrono::duration_cast<std::chrono::milliseconds>(*within).count()
                          : record.outline.message_timeout_ms;
  const std::int64_t wait_ms = record.wait_ms;
  log::info("", "topology " + record.revision.topology + " is killed: what is pending has " +
                    std::to_string(wait_ms / 1000) + " s to run out");
  return change(asking, it->second, std::move(record), Value::Map{{"name", name}, {"wait_ms", wait_ms}}, now);
}

Cluster::Answer Cluster::set_active(const Asking& asking, const std::string& name, bool active, TimePoint now) {
  const auto it = topologies_.find(name);
  if (it == topologies_.end()) return no_such(asking, name);
  TopologyRecord record = it->second.record;
  switch (record.status) {
    case Status::kKilled:
      return refused(asking.request, "topology '" + name + "' has been killed, and is about to be gone");
    case Status::kRebalancing:
      record.active_after = active;
      break;
    default:
      record.status = active ? Status::kActive : Status::kInactive;
  }
  return change(asking, it->second, std::move(record), Value::Map{{"name", name}}, now);
}

Cluster::Answer Cluster::rebalance(const Asking& asking, const std::string& name, control::Revision next,
                                   metrics::Outline outline, Duration within, TimePoint now) {
  const auto it = topologies_.find(name);
  if (it == topologies_.end()) return no_such(asking, name);
  TopologyRecord record = it->second.record;
  if (record.status == Status::kKilled)
    return refused(asking.request, "topology '" + name + "' has been killed, and is about to be gone");
  if (record.status != Status::kRebalancing) record.active_after = record.status == Status::kActive;
  record.status = Status::kRebalancing;
  record.wait_ms = std::chrono::duration_cast<std::chrono::milliseconds>(within).count();
  next.topology = record.revision.topology;
  next.number = record.revision.number + 1;
  next.token = random_token();
  record.next = std::move(next);
  record.next_outline = std::move(outline);
  return change(asking, it->second, std::move(record), Value::Map{{"name", name}}, now);
}

void Cluster::beat(control::Beat beat, TimePoint now) {
  const std::string host = beat.host;
  for (const control::SlotReport& slot : beat.slots) hear(slot, host, now);
  for (const control::Event& event : hosts_.heard(std::move(beat), now)) {
    for (auto& [name, topology] : topologies_) {
      if (topology.record.revision.topology == event.topology) topology.watch.event(event, host);
    }
  }
  tell_hosts();
}

/// What a slot says of a place that the place is not in, or not any more, is the host's affair: it will end it.
void Cluster::hear(const control::SlotReport& slot, const std::string& host, TimePoint now) {
  for (auto& [name, topology] : topologies_) {
    TopologyRecord& record = topology.record;
    if (record.revision.topology != slot.topology || slot.place.value >= record.places.size()) continue;
    Place& place = record.places[slot.place.value];
    const bool is_there = place.slot == control::Slot{host, slot.port};
    if (!is_there || control::generation_of(slot.incarnation) != place.generation) continue;
    topology.watch.heard(slot, now);
    const Incarnation dead(slot.alive ? slot.incarnation.value - 1 : slot.incarnation.value);
    if (control::count_of(dead) != 0) place.dead = std::max(place.dead, dead);
  }
}

control::Wanted Cluster::wanted(const std::string& id) const {
  const Host* host = hosts_.find(id);
  return host == nullptr ? control::Wanted{} : control::Wanted{host->version, host->told};
}

void Cluster::tell_hosts() {
  for (const auto& [id, host] : hosts_.all()) {
    std::vector<control::WantedTopology> all;
    for (const auto& [name, topology] : topologies_) {
      const TopologyRecord& record = topology.record;
      control::WantedTopology one{record.revision, phase_of(record.status), {}};
      bool here = false;
      for (std::size_t p = 0; p < record.places.size(); ++p) {
        const Place& place = record.places[p];
        if (!place.slot) continue;
        here = here || place.slot->host == id;
        const Host* other = hosts_.find(place.slot->host);
        one.places.push_back({WorkerId(static_cast<std::uint16_t>(p)), *place.slot,
                              other == nullptr ? "" : other->last.address, place.generation, place.dead});
      }
      if (here) all.push_back(std::move(one));
    }
    hosts_.tell(id, std::move(all));
  }
}

void Cluster::tick(TimePoint now, std::int64_t now_ms) {
  if (now - began_ >= times_.grace) hosts_.expire(now, times_.host_silence);
  for (auto& [name, topology] : topologies_) topology.watch.tick(now);
  move_on(now, now_ms);
  place(now, now_ms);
  tell_hosts();
}

void Cluster::move_on(TimePoint now, std::int64_t now_ms) {
  for (auto it = topologies_.begin(); it != topologies_.end();) {
    Topology& topology = it->second;
    const std::string id = topology.record.revision.topology;
    const Step step = next_step(topology.record, topology.watch.observed(), now - topology.since);
    if (step == Step::kRemove && store({{}, {id}, {}, now_ms})) {
      log::info("", "topology " + id + " is gone");
      it = topologies_.erase(it);
      continue;
    }
    if (step == Step::kSwitch) {
      TopologyRecord record = switched(topology.record);
      if (store({{record}, {}, {}, now_ms})) {
        log::info("", "topology " + id + " goes on as revision " + std::to_string(record.revision.number));
        topology = Topology(std::move(record), now);
      }
    }
    ++it;
  }
}

/// Gives slots to places that have none, or one on a host that is down.
void Cluster::place(TimePoint now, std::int64_t now_ms) {
  std::vector<HostView> hosts = hosts_.views();
  if (now - began_ < times_.grace) {  // those that have not spoken yet may be there all the same
    std::map<std::string, std::set<std::uint16_t>> unheard;
    for (const auto& [name, topology] : topologies_) {
      for (const Place& place : topology.record.places) {
        if (place.slot && hosts_.find(place.slot->host) == nullptr) unheard[place.slot->host].insert(place.slot->port);
      }
    }
    for (const auto& [id, ports] : unheard) hosts.push_back({id, {ports.begin(), ports.end()}, true});
  }
  std::vector<TopologyView> views;
  for (const auto& [name, topology] : topologies_)
    views.push_back({topology.record.revision.topology, slots_of(topology.record), {}});
  const Schedule wanted = schedule(hosts, views);
  std::vector<TopologyRecord> changed;
  for (auto& [name, topology] : topologies_) {
    const std::string& id = topology.record.revision.topology;
    const auto why = wanted.degraded.find(id);
    topology.degraded = why == wanted.degraded.end() ? "" : why->second;
    TopologyRecord record = topology.record;
    const auto& slots = wanted.places.at(id);
    for (std::size_t p = 0; p < record.places.size(); ++p) {
      // Without another slot it stays where it is: its host may come back, and its worker may be alive all the while.
      if (slots[p] && slots[p] != record.places[p].slot) give(record.places[p], slots[p]);
    }
    if (!(record == topology.record)) changed.push_back(std::move(record));
  }
  if (changed.empty() || !store({changed, {}, {}, now_ms})) return;
  for (TopologyRecord& record : changed) {
    Topology& topology = topologies_.at(record.name);
    topology.record = std::move(record);
  }
  tell_hosts();
}

}  // namespace gale::master
