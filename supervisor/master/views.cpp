// SPDX-License-Identifier: Apache-2.0
#include "supervisor/master/views.hpp"

#include <algorithm>
#include <cmath>
#include <utility>

namespace gale::master {
namespace {

std::int64_t ms_of(Duration d) { return std::chrono::duration_cast<std::chrono::milliseconds>(d).count(); }

std::string place_name(std::size_t place) { return "worker " + std::to_string(place + 1); }

std::string host_name(const std::string& id, const Hosts& hosts) {
  const Host* host = hosts.find(id);
  return host == nullptr || host->last.name.empty() ? id : host->last.name;
}

std::string silence(const Host& host, TimePoint now) {
  return "has not been heard of for " + std::to_string(ms_of(now - host.heard) / 1000) + " s";
}

Value quantiles(const Histogram& histogram) {
  if (histogram.empty()) return nullptr;
  const auto micros = [&](double q) { return std::round(histogram.quantile(q) / 10) / 100; };
  return Value::Map{{"p50", micros(0.5)}, {"p99", micros(0.99)}, {"p999", micros(0.999)}};
}

double rate(std::uint64_t now, std::uint64_t before, double seconds) {
  return seconds <= 0 || now < before ? 0 : std::round(static_cast<double>(now - before) / seconds * 10) / 10;
}

/// Why a place does not run as it should; empty: it does.
Health health_of_place(const Topology& topology, std::size_t p, const Hosts& hosts, TimePoint now) {
  const Place& place = topology.record.places[p];
  if (!place.slot) return {"degraded", place_name(p) + " has no slot"};
  const Host* host = hosts.find(place.slot->host);
  if (host == nullptr) return {"starting", "its host has not spoken yet"};
  const std::string name = host_name(place.slot->host, hosts);
  if (!host->up) return {"degraded", "host " + name + " " + silence(*host, now)};
  const auto& watch = topology.watch.places()[p];
  const bool present = watch.slot && control::generation_of(watch.slot->incarnation) == place.generation;
  if (!present) return {"starting", "host " + name + " has yet to start it"};
  switch (watch.slot->state) {
    case control::SlotState::kCrashLooping:
      return {"crash-looping", watch.slot->why};
    case control::SlotState::kBackingOff:
      return {"restarting", watch.slot->why};
    case control::SlotState::kFetching:
      return {"starting", watch.slot->why.empty() ? "fetches its plugins" : watch.slot->why};
    case control::SlotState::kStopping:
      return {"starting", "an earlier worker ends"};
    case control::SlotState::kRunning:
      if (!watch.slot->report) return {"starting", "opens its tasks"};
      return {"running", watch.slot->why};
  }
  return {};
}

int badness(const std::string& word) {
  const char* const worst_last[] = {"running", "starting", "restarting", "degraded", "crash-looping"};
  return static_cast<int>(std::find(std::begin(worst_last), std::end(worst_last), word) - std::begin(worst_last));
}

Value worker_of(const Topology& topology, std::size_t p, const Hosts& hosts, TimePoint now) {
  const Place& place = topology.record.places[p];
  const Health health = health_of_place(topology, p, hosts, now);
  Value::Map map{{"worker", std::int64_t(p + 1)}, {"state", health.word}, {"why", health.why}};
  std::int64_t tasks = 0;
  Value::Array components;
  const metrics::Outline& outline = topology.record.outline;
  for (const metrics::Outline::Component& c : outline.components) {
    std::int64_t here = 0;
    for (std::uint32_t t = c.first_task; t < c.first_task + c.tasks && t < outline.place_of.size(); ++t)
      here += outline.place_of[t] == p ? 1 : 0;
    if (here != 0) components.emplace_back(c.id);
    tasks += here;
  }
  map.emplace("tasks", tasks);
  map.emplace("components", std::move(components));
  if (place.slot) {
    const Host* host = hosts.find(place.slot->host);
    map.emplace("host", host_name(place.slot->host, hosts));
    map.emplace("address", host == nullptr ? "" : host->last.address);
    map.emplace("port", place.slot->port);
  }
  const auto& watch = topology.watch.places()[p];
  if (watch.slot) {
    map.emplace("pid", watch.slot->alive ? watch.slot->pid : 0);
    map.emplace("generation", control::generation_of(watch.slot->incarnation));
    map.emplace("start", control::count_of(watch.slot->incarnation));
    map.emplace("restarts", watch.slot->restarts);
    map.emplace("rss_bytes", watch.slot->rss_bytes);
    map.emplace("up_ms", watch.slot->alive ? watch.slot->up_ms : 0);
    map.emplace("heard_ms", ms_of(now - watch.heard));
  }
  return map;
}

Value component_of(const metrics::Outline::Component& outline, const metrics::ComponentTotals& c,
                   const metrics::ComponentTotals* before, double seconds) {
  const auto was = [&](std::uint64_t metrics::ComponentTotals::*member) {
    return before == nullptr ? 0 : before->*member;
  };
  using Totals = metrics::ComponentTotals;
  Value::Map user;
  for (const auto& [name, n] : c.user) user.emplace(name, n);
  const Histogram recent = before == nullptr ? c.latency : c.latency.since(before->latency);
  Value::Array inputs;
  for (const auto& i : outline.inputs)
    inputs.emplace_back(Value::Map{{"from", i.from}, {"stream", i.stream}, {"grouping", i.grouping}});
  Value::Map map{{"id", c.id},
                 {"kind", c.spout ? "spout" : "bolt"},
                 {"class", outline.class_name},
                 {"tasks", c.tasks},
                 {"inputs", std::move(inputs)},
                 {"emitted", c.emitted},
                 {"executed", c.executed},
                 {"acked", c.acked},
                 {"failed", c.failed},
                 {"pending", c.pending},
                 {"max_pending", outline.max_pending},
                 {"emitted_per_s", rate(c.emitted, was(&Totals::emitted), seconds)},
                 {"executed_per_s", rate(c.executed, was(&Totals::executed), seconds)},
                 {"acked_per_s", rate(c.acked, was(&Totals::acked), seconds)},
                 {"failed_per_s", rate(c.failed, was(&Totals::failed), seconds)},
                 {"counters", std::move(user)},
                 {c.spout ? "complete_us" : "execute_us", quantiles(recent.empty() ? c.latency : recent)}};
  if (!c.spout) {  // the part of its tasks' time that it executes: Storm's capacity
    const double busy_ns = recent.mean() * rate(c.executed, was(&Totals::executed), seconds);
    map.emplace("capacity", std::round(busy_ns / 1e9 / std::max(1u, c.tasks) * 1000) / 1000);
  }
  return map;
}

Value trouble_of(const metrics::Trouble& t) {
  return Value::Map{{"thrown", t.thrown},
                    {"forgotten", t.forgotten},
                    {"misuse", t.misuse},
                    {"dropped", t.dropped},
                    {"late", t.late},
                    {"timed_out", t.timed_out},
                    {"stale_acks", t.stale_acks},
                    {"dead_letters", t.dead_letters},
                    {"poisoned", t.poisoned}};
}

Value links_of(const worker::LinkReport& l) {
  return Value::Map{{"records_sent", l.records_sent},
                    {"bytes_sent", l.bytes_sent},
                    {"frames_sent", l.frames_sent},
                    {"frames_resent", l.frames_resent},
                    {"duplicates_dropped", l.duplicates_dropped},
                    {"stale_refused", l.stale_refused},
                    {"garbage_refused", l.garbage_refused},
                    {"dropped_to_dead", l.dropped_to_dead}};
}

std::int64_t running_of(const Topology& topology, const Hosts& hosts, TimePoint now) {
  std::int64_t running = 0;
  for (std::size_t p = 0; p < topology.record.places.size(); ++p)
    running += health_of_place(topology, p, hosts, now).word == "running" ? 1 : 0;
  return running;
}

}  // namespace

Health health_of(const Topology& topology, const Hosts& hosts, TimePoint now) {
  if (!topology.degraded.empty()) return {"degraded", topology.degraded};
  Health worst{"running", ""};
  for (std::size_t p = 0; p < topology.record.places.size(); ++p) {
    Health one = health_of_place(topology, p, hosts, now);
    if (badness(one.word) <= badness(worst.word)) continue;
    one.why = place_name(p) + ": " + one.why;
    worst = std::move(one);
  }
  return worst;
}

Value line_of(const Topology& topology, const Hosts& hosts, TimePoint now, std::int64_t now_ms) {
  const TopologyRecord& record = topology.record;
  const Health health = health_of(topology, hosts, now);
  const metrics::Totals totals = topology.watch.totals();
  const auto [seconds, before] = topology.watch.before(now);
  return Value::Map{{"name", record.name},
                    {"id", record.revision.topology},
                    {"status", name_of(record.status)},
                    {"health", health.word},
                    {"why", health.why},
                    {"revision", record.revision.number},
                    {"workers", record.revision.workers},
                    {"running", running_of(topology, hosts, now)},
                    {"tasks", std::int64_t(record.outline.place_of.size())},
                    {"up_ms", now_ms - record.submitted_ms},
                    {"emitted_per_s", rate(totals.emitted, before == nullptr ? 0 : before->emitted, seconds)},
                    {"acked_per_s", rate(totals.acked, before == nullptr ? 0 : before->acked, seconds)},
                    {"failed_per_s", rate(totals.failed, before == nullptr ? 0 : before->failed, seconds)}};
}

Value status_of(const Topology& topology, const Hosts& hosts, TimePoint now, std::int64_t now_ms) {
  const Value line = line_of(topology, hosts, now, now_ms);
  Value::Map map = line.get<Value::Map>();
  Value::Array workers, components;
  for (std::size_t p = 0; p < topology.record.places.size(); ++p) workers.push_back(worker_of(topology, p, hosts, now));
  const metrics::Totals totals = topology.watch.totals();
  const auto [seconds, before] = topology.watch.before(now);
  for (std::size_t c = 0; c < totals.components.size(); ++c) {
    components.push_back(component_of(topology.record.outline.components[c], totals.components[c],
                                      before == nullptr ? nullptr : &before->components[c], seconds));
  }
  map["workers"] = std::move(workers);
  map["components"] = std::move(components);
  map["roots"] = Value::Map{{"emitted", totals.emitted},
                            {"acked", totals.acked},
                            {"failed", totals.failed},
                            {"replayed", totals.replayed},
                            {"pending", totals.pending}};
  map["complete_us"] = quantiles(before == nullptr ? totals.complete : totals.complete.since(before->complete));
  map["trouble"] = trouble_of(totals.trouble);
  map["links"] = links_of(totals.links);
  map["wait_ms"] = topology.record.wait_ms;
  map["errors"] = errors_of(topology, hosts);
  return map;
}

Value errors_of(const Topology& topology, const Hosts& hosts) {
  Value::Array all;
  for (auto it = topology.watch.errors().rbegin(); it != topology.watch.errors().rend(); ++it) {
    all.emplace_back(Value::Map{{"at_ms", it->at_ms},
                                {"first_ms", it->first_ms},
                                {"host", host_name(it->host, hosts)},
                                {"worker", std::int64_t{it->place.value} + 1},
                                {"text", it->text},
                                {"times", it->times}});
  }
  return all;
}

Value supervisors_of(const Cluster& cluster, TimePoint now) {
  Value::Array all;
  for (const auto& [id, host] : cluster.hosts().all()) {
    Value::Array slots;
    for (const auto& [name, topology] : cluster.topologies()) {
      for (std::size_t p = 0; p < topology.record.places.size(); ++p) {
        const Place& place = topology.record.places[p];
        if (place.slot && place.slot->host == id)
          slots.emplace_back(
              Value::Map{{"port", place.slot->port}, {"topology", name}, {"worker", std::int64_t(p + 1)}});
      }
    }
    all.emplace_back(Value::Map{{"id", id},
                                {"name", host_name(id, cluster.hosts())},
                                {"address", host.last.address},
                                {"up", host.up},
                                {"why", host.up ? host.last.trouble : silence(host, now)},
                                {"slots", std::int64_t(host.last.ports.size())},
                                {"used", std::int64_t(slots.size())},
                                {"workers", std::move(slots)},
                                {"heard_ms", ms_of(now - host.heard)},
                                {"memory_bytes", host.last.memory_bytes},
                                {"memory_free_bytes", host.last.memory_free_bytes},
                                {"disk_free_bytes", host.last.disk_free_bytes}});
  }
  return all;
}

}  // namespace gale::master
