// SPDX-License-Identifier: Apache-2.0
#include "supervisor/master/verbs.hpp"

#include "engine/base/hint.hpp"
#include "engine/base/sha256.hpp"
#include "engine/base/wall_clock.hpp"
#include "supervisor/control/fields.hpp"
#include "supervisor/master/views.hpp"

#include <algorithm>
#include <utility>

namespace gale::master {

using control::Asked;
using control::flag_in;
using control::number_in;
using control::text_in;

namespace {

constexpr Duration kAskMost = std::chrono::seconds(5);  // until a host has told what was asked of it
constexpr Duration kBeatMost = std::chrono::seconds(1);
constexpr std::size_t kPart = 1 << 20;           // bytes of a plugin in an answer
constexpr std::size_t kMostFile = 1 << 20;       // of a topology file
constexpr std::uint64_t kMostPlugin = 1u << 30;  // bytes
constexpr std::size_t kMostPlugins = 1000;

bool is_name(const std::string& name) {
  const auto fits = [](char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '_' || c == '-' ||
           c == '.';
  };
  return !name.empty() && name.size() <= 100 && name[0] != '.' && std::all_of(name.begin(), name.end(), fits);
}

control::Reply ok(const Asked& asked, Value value) { return {asked.request.id, std::move(value), {}}; }

/// What is wrong with a revision as it came; empty: nothing.
std::string fault_of(const control::Revision& r) {
  if (r.file.empty()) return "a submission without a topology file";
  if (r.file.size() > kMostFile) return "the topology file has more than 1 MiB";
  if (r.plugins.size() > kMostPlugins) return "more than " + std::to_string(kMostPlugins) + " plugins";
  for (const control::PluginFile& p : r.plugins) {
    if (!is_name(p.name)) return "'" + p.name + "' is no name of a plugin";
    if (!is_sha256(p.sha256)) return "plugin '" + p.name + "' has no SHA-256";
  }
  return {};
}

}  // namespace

Verbs::Verbs(Cluster& cluster, Store& store, Checks& checks, const Clock& clock)
    : cluster_(cluster), store_(store), checks_(checks), clock_(clock) {}

const std::map<std::string, Verbs::Verb, std::less<>>& Verbs::table() {
  static const std::map<std::string, Verb, std::less<>> kTable = {
      {"beat", {&Verbs::beat}},       {"plugin", {&Verbs::plugin}},           {"have", {&Verbs::have}},
      {"upload", {&Verbs::upload}},   {"submit", {&Verbs::submit, true}},     {"rebalance", {&Verbs::rebalance, true}},
      {"kill", {&Verbs::kill, true}}, {"activate", {&Verbs::activate, true}}, {"deactivate", {&Verbs::activate, true}},
      {"list", {&Verbs::list}},       {"status", {&Verbs::status}},           {"errors", {&Verbs::errors}},
      {"top", {&Verbs::top}},         {"supervisors", {&Verbs::supervisors}}, {"logs", {&Verbs::logs}},
      {"told", {&Verbs::told}}};
  return kTable;
}

void Verbs::ask(const Asked& asked) {
  const auto verb = table().find(asked.request.verb);
  if (verb == table().end()) {
    Names names;
    for (const auto& [name, f] : table()) names.push_back(name);
    answers_.push_back({asked.peer, refused(asked.request.id,
                                            "the master has no verb '" + asked.request.verb + "'" +
                                                suggest(asked.request.verb, names) + "; is it older than this gale?",
                                            true)});
    return;
  }
  Reply reply = verb->second.changes ? done_before(asked) : std::nullopt;
  if (!reply && pending_.contains(asked.request.id)) {
    pending_.at(asked.request.id).peers.insert(asked.peer);
  } else if (!reply) {
    reply = (this->*verb->second.call)(asked);
  }
  if (reply) answers_.push_back({asked.peer, std::move(*reply)});
  tick();
}

/// The answer that the same request got before.
Verbs::Reply Verbs::done_before(const Asked& asked) {
  const Result<std::optional<control::Reply>> earlier = store_.answer_of(asked.request.id);
  if (!earlier) return refused(asked.request.id, earlier.error());
  return *earlier;
}

void Verbs::tick() {
  while (std::optional<Checked> one = checks_.next()) checked(std::move(*one));
  const TimePoint now = clock_.now();
  give_up_asks(now);
  for (auto it = waiting_.begin(); it != waiting_.end();) {
    if (!has_news(it->first, it->second, now)) {
      ++it;
      continue;
    }
    answers_.push_back({it->second.peer, {it->second.request, answer_to(it->first), {}}});
    it = waiting_.erase(it);
  }
}

bool Verbs::has_news(const std::string& host, const Waiting& waiting, TimePoint now) const {
  const bool asked = std::any_of(asks_.begin(), asks_.end(),
                                 [&](const auto& ask) { return ask.second.host == host && !ask.second.sent; });
  return asked || now >= waiting.until || cluster_.wanted(host).version != waiting.seen;
}

/// What the host is to run, and what somebody wants to know of it: in each answer until it was told.
Value Verbs::answer_to(const std::string& host) {
  Value wanted = to_value(cluster_.wanted(host));
  Value::Array asks;
  for (auto& [id, ask] : asks_) {
    if (ask.host != host) continue;
    ask.sent = true;
    asks.emplace_back(ask.what);
  }
  if (asks.empty()) return wanted;
  Value::Map map = wanted.get<Value::Map>();
  map.emplace("asks", std::move(asks));
  return map;
}

void Verbs::give_up_asks(TimePoint now) {
  for (auto it = asks_.begin(); it != asks_.end();) {
    if (now < it->second.until) {
      ++it;
      continue;
    }
    const Host* host = cluster_.hosts().find(it->second.host);
    answers_.push_back(
        {it->second.peer, refused(it->second.request, "host " + (host == nullptr ? it->second.host : host->last.name) +
                                                          " does not answer; 'gale supervisors' tells how it is")});
    it = asks_.erase(it);
  }
}

TimePoint Verbs::next_due() const {
  TimePoint next = TimePoint::max();
  for (const auto& [host, waiting] : waiting_) next = std::min(next, waiting.until);
  return next;
}

// ---- supervisors

Verbs::Reply Verbs::beat(const Asked& asked) {
  control::Beat beat = control::to_beat(asked.request.args);
  if (beat.host.empty()) return refused(asked.request.id, "a beat without a host", true);
  const std::string host = beat.host;
  const std::uint64_t seen = beat.seen;
  cluster_.beat(std::move(beat), clock_.now());
  if (const auto earlier = waiting_.find(host); earlier != waiting_.end())
    answers_.push_back({earlier->second.peer, {earlier->second.request, answer_to(host), {}}});
  waiting_.insert_or_assign(host, Waiting{asked.peer, asked.request.id, seen, clock_.now() + kBeatMost});
  return std::nullopt;
}

Verbs::Reply Verbs::plugin(const Asked& asked) {
  const std::string sha = text_in(asked.request.args, "sha256");
  const Result<bool> has = is_sha256(sha) ? store_.has_plugin(sha) : Result<bool>(false);
  if (!has) return refused(asked.request.id, has.error());
  if (!*has) return refused(asked.request.id, "no plugin has the SHA-256 " + sha);
  const Result<std::uint64_t> bytes = store_.plugin_bytes(sha);
  if (!bytes) return refused(asked.request.id, bytes.error());
  Result<std::string> part = store_.read_plugin(sha, number_in(asked.request.args, "offset"), kPart);
  if (!part) return refused(asked.request.id, part.error());
  return ok(asked, Value::Map{{"bytes", *bytes}, {"data", Bytes{std::move(*part)}}});
}

// ---- plugins and topologies come in

Verbs::Reply Verbs::have(const Asked& asked) {
  const std::string sha = text_in(asked.request.args, "sha256");
  if (!is_sha256(sha)) return refused(asked.request.id, "'" + sha + "' is no SHA-256", true);
  const Result<bool> has = store_.has_plugin(sha);
  if (!has) return refused(asked.request.id, has.error());
  const Result<std::uint64_t> bytes = store_.plugin_bytes(sha);
  if (!bytes) return refused(asked.request.id, bytes.error());
  return ok(asked, Value::Map{{"complete", *has}, {"bytes", *bytes}});
}

Verbs::Reply Verbs::upload(const Asked& asked) {
  const Value& args = asked.request.args;
  const std::string sha = text_in(args, "sha256");
  const Value* data = args.find("data");
  const auto* part = data == nullptr ? nullptr : data->get_if<Bytes>();
  const std::uint64_t total = number_in(args, "total");
  if (!is_sha256(sha) || part == nullptr || total == 0 || total > kMostPlugin)
    return refused(asked.request.id, "an upload wants sha256, total (1 GiB at most), offset and data", true);
  if (Result<void> done = store_.put_plugin(sha, total, number_in(args, "offset"), part->data); !done)
    return refused(asked.request.id, done.error());
  return ok(asked, Value::Map{});
}

Verbs::Reply Verbs::submit(const Asked& asked) {
  const Value& args = asked.request.args;
  control::Revision revision = control::to_revision(control::map_in(args, "revision"));
  if (const std::string fault = fault_of(revision); !fault.empty()) return refused(asked.request.id, fault, true);
  const std::string name = text_in(args, "name");
  if (!name.empty() && !is_name(name))
    return refused(asked.request.id, "'" + name + "' is no name of a topology: letters, digits, '-', '_' and '.'",
                   true);
  if (!name.empty() && cluster_.find(name) != nullptr) {
    return refused(
        asked.request.id,
        "a topology '" + name + "' runs already: 'gale kill' it first, or submit this one with another --name", true);
  }
  for (control::PluginFile& plugin : revision.plugins) {
    const Result<bool> has = store_.has_plugin(plugin.sha256);
    if (!has) return refused(asked.request.id, has.error());
    if (!*has) return refused(asked.request.id, "plugin '" + plugin.name + "' was not uploaded");
    const Result<std::uint64_t> bytes = store_.plugin_bytes(plugin.sha256);
    if (!bytes) return refused(asked.request.id, bytes.error());
    plugin.bytes = *bytes;
  }
  const std::string file_name = text_in(args, "file_name");
  if (Result<void> begun =
          checks_.begin(asked.request.id, std::move(revision), file_name.empty() ? "topology" : file_name);
      !begun) {
    return refused(asked.request.id, begun.error());
  }
  pending_.emplace(asked.request.id, Pending{asked.request, {asked.peer}});
  return std::nullopt;
}

Verbs::Reply Verbs::rebalance(const Asked& asked) {
  Reply wrong;
  const Topology* topology = named(asked, wrong);
  if (topology == nullptr) return wrong;
  const TopologyRecord& record = topology->record;
  control::Revision next = record.next ? *record.next : record.revision;
  const metrics::Outline& outline = record.next ? record.next_outline : record.outline;
  const Value& args = asked.request.args;
  if (const std::uint64_t workers = number_in(args, "workers"); workers != 0)
    next.workers = static_cast<std::uint16_t>(std::min<std::uint64_t>(workers, 0xffff));
  const Value& tasks = control::map_in(args, "tasks");
  for (const auto& [id, n] : tasks.get<Value::Map>()) {
    if (!outline.find(id)) {
      Names names;
      for (const auto& c : outline.components) names.push_back(c.id);
      return refused(asked.request.id,
                     "topology '" + record.name + "' has no component '" + id + "'" + suggest(id, names), true);
    }
    next.tasks[id] = static_cast<std::uint32_t>(number_in(tasks, id));
  }
  std::string remembering;
  for (const auto& c : outline.components) {
    if (c.by_key) remembering += (remembering.empty() ? "" : ", ") + c.id;
  }
  if (!remembering.empty() && !flag_in(args, "yes")) {
    return refused(asked.request.id,
                   "in-memory state of " + remembering +
                       " is not moved: its tasks begin anew with empty memory; say --yes if that is fine",
                   true);
  }
  if (Result<void> begun = checks_.begin(asked.request.id, std::move(next), record.name); !begun)
    return refused(asked.request.id, begun.error());
  pending_.emplace(asked.request.id, Pending{asked.request, {asked.peer}});
  return std::nullopt;
}

/// A check has ended: the request that waited for it goes on.
void Verbs::checked(Checked checked) {
  const auto it = pending_.find(checked.request);
  if (it == pending_.end()) return;
  const Pending pending = std::move(it->second);
  pending_.erase(it);
  const Value& args = pending.request.args;
  const Asking asking{checked.request, wall_ms()};
  control::Reply reply = refused(checked.request, checked.faults, true);
  if (checked.outline && pending.request.verb == "submit") {
    TopologyRecord record;
    record.name = text_in(args, "name").empty() ? checked.outline->name : text_in(args, "name");
    record.status = flag_in(args, "inactive") ? Status::kInactive : Status::kActive;
    record.revision = std::move(checked.revision);
    record.revision.workers = checked.outline->workers;
    record.outline = std::move(*checked.outline);
    reply = is_name(record.name) ? cluster_.submit(asking, std::move(record), clock_.now())
                                 : refused(checked.request,
                                           "the topology's name '" + record.name +
                                               "' has other characters than letters, digits, '-', '_' "
                                               "and '.': give it another with --name",
                                           true);
  } else if (checked.outline) {
    checked.revision.workers = checked.outline->workers;
    const auto within = args.find("within_ms") != nullptr
                            ? Duration(std::chrono::milliseconds(number_in(args, "within_ms")))
                            : Duration(std::chrono::milliseconds(checked.outline->message_timeout_ms));
    reply = cluster_.rebalance(asking, text_in(args, "name"), std::move(checked.revision), std::move(*checked.outline),
                               within, clock_.now());
  }
  for (const std::string& peer : pending.peers) answers_.push_back({peer, reply});
}

// ---- topologies change

Verbs::Reply Verbs::kill(const Asked& asked) {
  std::optional<Duration> within;
  if (asked.request.args.find("within_ms") != nullptr)
    within = std::chrono::milliseconds(number_in(asked.request.args, "within_ms"));
  return cluster_.kill({asked.request.id, wall_ms()}, text_in(asked.request.args, "name"), within, clock_.now());
}

Verbs::Reply Verbs::activate(const Asked& asked) {
  const bool active = asked.request.verb == "activate";
  return cluster_.set_active({asked.request.id, wall_ms()}, text_in(asked.request.args, "name"), active, clock_.now());
}

// ---- looking

const Topology* Verbs::named(const Asked& asked, Reply& wrong) const {
  const std::string name = text_in(asked.request.args, "name");
  const Topology* topology = cluster_.find(name);
  if (topology != nullptr) return topology;
  const std::vector<std::string> known = cluster_.names();
  wrong = refused(asked.request.id,
                  "no topology '" + name + "' runs" + suggest(name, Names(known.begin(), known.end())), true);
  return nullptr;
}

Verbs::Reply Verbs::list(const Asked& asked) {
  Value::Array all;
  for (const auto& [name, topology] : cluster_.topologies())
    all.push_back(line_of(topology, cluster_.hosts(), clock_.now(), wall_ms()));
  return ok(asked, Value::Map{{"topologies", std::move(all)}, {"trouble", cluster_.trouble()}});
}

Verbs::Reply Verbs::status(const Asked& asked) {
  Reply wrong;
  const Topology* topology = named(asked, wrong);
  if (topology == nullptr) return wrong;
  return ok(asked, status_of(*topology, cluster_.hosts(), clock_.now(), wall_ms()));
}

Verbs::Reply Verbs::top(const Asked& asked) {
  Value::Array all;
  for (const auto& [name, topology] : cluster_.topologies())
    all.push_back(status_of(topology, cluster_.hosts(), clock_.now(), wall_ms()));
  return ok(asked, std::move(all));
}

Verbs::Reply Verbs::errors(const Asked& asked) {
  Reply wrong;
  const Topology* topology = named(asked, wrong);
  if (topology == nullptr) return wrong;
  return ok(asked, errors_of(*topology, cluster_.hosts()));
}

Verbs::Reply Verbs::supervisors(const Asked& asked) { return ok(asked, supervisors_of(cluster_, clock_.now())); }

/// The end of a worker's log, from the host that has it.
Verbs::Reply Verbs::logs(const Asked& asked) {
  Reply wrong;
  const Topology* topology = named(asked, wrong);
  if (topology == nullptr) return wrong;
  const Value& args = asked.request.args;
  const std::uint64_t worker = number_in(args, "worker");
  const auto& places = topology->record.places;
  if (worker < 1 || worker > places.size()) {
    return refused(asked.request.id,
                   "topology '" + topology->record.name + "' has workers 1 to " + std::to_string(places.size()), true);
  }
  const Place& place = places[worker - 1];
  if (!place.slot) return refused(asked.request.id, "worker " + std::to_string(worker) + " has no slot yet");
  Ask ask{place.slot->host, asked.peer, asked.request.id, {}, false, clock_.now() + kAskMost};
  ask.what = {{"id", asked.request.id},
              {"what", "log"},
              {"topology", topology->record.revision.topology},
              {"place", worker - 1}};
  for (const char* key : {"lines", "grep", "offset", "file"}) {
    if (const Value* value = args.find(key)) ask.what.emplace(key, *value);
  }
  asks_.insert_or_assign(asked.request.id, std::move(ask));
  return std::nullopt;
}

Verbs::Reply Verbs::told(const Asked& asked) {
  const Value& args = asked.request.args;
  const auto ask = asks_.find(text_in(args, "id"));
  if (ask != asks_.end() && ask->second.host == text_in(args, "host")) {
    const std::string why = text_in(args, "refused");
    const Value* value = args.find("value");
    answers_.push_back({ask->second.peer, value != nullptr ? control::Reply{ask->second.request, *value, {}}
                                                           : refused(ask->second.request, why)});
    asks_.erase(ask);
  }
  return ok(asked, Value::Map{});
}

}  // namespace gale::master
