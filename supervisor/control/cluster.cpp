// SPDX-License-Identifier: Apache-2.0
#include "supervisor/control/cluster.hpp"

#include "supervisor/control/fields.hpp"
#include "supervisor/control/message.hpp"

#include <array>
#include <utility>

namespace gale::control {
namespace {

constexpr std::array<const char*, 3> kPhases = {"active", "inactive", "draining"};
constexpr std::array<const char*, 5> kSlotStates = {"fetching", "running", "stopping", "backing-off", "crash-looping"};

template <class Enum, std::size_t N>
Enum named(const std::array<const char*, N>& names, const std::string& name) {
  for (std::size_t i = 0; i < N; ++i) {
    if (name == names[i]) return static_cast<Enum>(i);
  }
  return Enum{};
}

std::uint32_t u32(const Value& map, std::string_view key) { return static_cast<std::uint32_t>(number_in(map, key)); }
std::uint16_t u16(const Value& map, std::string_view key) { return static_cast<std::uint16_t>(number_in(map, key)); }

template <class T>
Value::Array array_of(const std::vector<T>& all, Value (*one)(const T&)) {
  Value::Array array;
  for (const T& t : all) array.push_back(one(t));
  return array;
}
template <class T>
std::vector<T> all_in(const Value& map, std::string_view key, T (*one)(const Value&)) {
  std::vector<T> all;
  for (const Value& v : array_in(map, key)) all.push_back(one(v));
  return all;
}

Value of_plugin(const PluginFile& p) { return Value::Map{{"name", p.name}, {"sha256", p.sha256}, {"bytes", p.bytes}}; }
PluginFile to_plugin(const Value& v) { return {text_in(v, "name"), text_in(v, "sha256"), number_in(v, "bytes")}; }

Value of_placed(const Placed& p) {
  return Value::Map{{"place", p.place.value}, {"host", p.slot.host},        {"port", p.slot.port},
                    {"address", p.address},   {"generation", p.generation}, {"dead", p.dead.value}};
}
Placed to_placed(const Value& v) {
  return {WorkerId(u16(v, "place")),
          {text_in(v, "host"), u16(v, "port")},
          text_in(v, "address"),
          u32(v, "generation"),
          Incarnation(u32(v, "dead"))};
}

Value of_topology(const WantedTopology& t) {
  return Value::Map{{"revision", to_value(t.revision)},
                    {"phase", kPhases[static_cast<std::size_t>(t.phase)]},
                    {"places", array_of(t.places, of_placed)}};
}
WantedTopology to_topology(const Value& v) {
  return {to_revision(map_in(v, "revision")), named<Phase>(kPhases, text_in(v, "phase")),
          all_in(v, "places", to_placed)};
}

Value of_slot(const SlotReport& s) {
  Value::Map map{{"port", s.port},
                 {"topology", s.topology},
                 {"revision", s.revision},
                 {"place", s.place.value},
                 {"incarnation", s.incarnation.value},
                 {"alive", s.alive},
                 {"state", name_of(s.state)},
                 {"why", s.why},
                 {"pid", s.pid},
                 {"rss_bytes", s.rss_bytes},
                 {"restarts", s.restarts},
                 {"up_ms", s.up_ms}};
  if (s.report) map.emplace("report", to_value(*s.report));
  return map;
}
SlotReport to_slot(const Value& v) {
  SlotReport s;
  s.port = u16(v, "port");
  s.topology = text_in(v, "topology");
  s.revision = u32(v, "revision");
  s.place = WorkerId(u16(v, "place"));
  s.incarnation = Incarnation(u32(v, "incarnation"));
  s.alive = flag_in(v, "alive");
  s.state = named<SlotState>(kSlotStates, text_in(v, "state"));
  s.why = text_in(v, "why");
  s.pid = number_in(v, "pid");
  s.rss_bytes = number_in(v, "rss_bytes");
  s.restarts = number_in(v, "restarts");
  s.up_ms = number_in(v, "up_ms");
  if (const Value* report = v.find("report")) s.report = to_report(*report);
  return s;
}

Value of_event(const Event& e) {
  return Value::Map{
      {"number", e.number}, {"at_ms", e.at_ms}, {"topology", e.topology}, {"place", e.place.value}, {"text", e.text}};
}
Event to_event(const Value& v) {
  return {number_in(v, "number"), static_cast<std::int64_t>(number_in(v, "at_ms")), text_in(v, "topology"),
          WorkerId(u16(v, "place")), text_in(v, "text")};
}

}  // namespace

const char* name_of(Phase phase) { return kPhases[static_cast<std::size_t>(phase)]; }
Phase phase_of(const std::string& name) { return named<Phase>(kPhases, name); }
const char* name_of(SlotState state) { return kSlotStates[static_cast<std::size_t>(state)]; }

Value to_value(const Revision& r) {
  Value::Map tasks;
  for (const auto& [id, n] : r.tasks) tasks.emplace(id, n);
  return Value::Map{{"topology", r.topology},
                    {"number", r.number},
                    {"token", r.token},
                    {"file", r.file},
                    {"sets", Value::Array(r.sets.begin(), r.sets.end())},
                    {"plugins", array_of(r.plugins, of_plugin)},
                    {"workers", r.workers},
                    {"tasks", std::move(tasks)}};
}

Revision to_revision(const Value& v) {
  Revision r;
  r.topology = text_in(v, "topology");
  r.number = u32(v, "number");
  r.token = number_in(v, "token");
  r.file = text_in(v, "file");
  r.sets = texts_in(v, "sets");
  r.plugins = all_in(v, "plugins", to_plugin);
  r.workers = u16(v, "workers");
  const Value& tasks = map_in(v, "tasks");
  for (const auto& [id, n] : tasks.get<Value::Map>()) r.tasks.emplace(id, u32(tasks, id));
  return r;
}

Value to_value(const Wanted& w) {
  return Value::Map{{"version", w.version}, {"topologies", array_of(w.topologies, of_topology)}};
}

Wanted to_wanted(const Value& v) { return {number_in(v, "version"), all_in(v, "topologies", to_topology)}; }

Value to_value(const Beat& b) {
  return Value::Map{{"host", b.host},
                    {"name", b.name},
                    {"address", b.address},
                    {"boot", b.boot},
                    {"ports", Value::Array(b.ports.begin(), b.ports.end())},
                    {"seen", b.seen},
                    {"complete", b.complete},
                    {"slots", array_of(b.slots, of_slot)},
                    {"events", array_of(b.events, of_event)},
                    {"memory_bytes", b.memory_bytes},
                    {"memory_free_bytes", b.memory_free_bytes},
                    {"disk_free_bytes", b.disk_free_bytes},
                    {"trouble", b.trouble}};
}

Beat to_beat(const Value& v) {
  Beat b;
  b.host = text_in(v, "host");
  b.name = text_in(v, "name");
  b.address = text_in(v, "address");
  b.boot = text_in(v, "boot");
  for (const Value& port : array_in(v, "ports")) {
    const auto* i = port.get_if<std::int64_t>();
    if (i != nullptr && *i > 0 && *i <= 0xffff) b.ports.push_back(static_cast<std::uint16_t>(*i));
  }
  b.seen = number_in(v, "seen");
  b.complete = flag_in(v, "complete");
  b.slots = all_in(v, "slots", to_slot);
  b.events = all_in(v, "events", to_event);
  b.memory_bytes = number_in(v, "memory_bytes");
  b.memory_free_bytes = number_in(v, "memory_free_bytes");
  b.disk_free_bytes = number_in(v, "disk_free_bytes");
  b.trouble = text_in(v, "trouble");
  return b;
}

}  // namespace gale::control
