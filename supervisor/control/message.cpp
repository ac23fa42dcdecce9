// SPDX-License-Identifier: Apache-2.0
#include "supervisor/control/message.hpp"

#include "gale/codec/read.hpp"
#include "gale/codec/write.hpp"
#include "supervisor/control/fields.hpp"

#include <array>
#include <utility>

namespace gale::control {
namespace {

using worker::LinkReport;
using worker::Report;
using worker::TaskReport;

constexpr std::array<std::pair<const char*, std::uint64_t TaskReport::*>, 18> kTaskCounts = {{
    {"emitted", &TaskReport::emitted},
    {"transferred", &TaskReport::transferred},
    {"executed", &TaskReport::executed},
    {"acked", &TaskReport::acked},
    {"failed", &TaskReport::failed},
    {"thrown", &TaskReport::thrown},
    {"forgotten", &TaskReport::forgotten},
    {"misuse", &TaskReport::misuse},
    {"dropped", &TaskReport::dropped},
    {"late", &TaskReport::late},
    {"roots", &TaskReport::roots},
    {"replayed", &TaskReport::replayed},
    {"timed_out", &TaskReport::timed_out},
    {"stale_acks", &TaskReport::stale_acks},
    {"pending", &TaskReport::pending},
    {"dead_letters", &TaskReport::dead_letters},
    {"poisoned", &TaskReport::poisoned},
    {"busy_ms", &TaskReport::busy_ms},
}};
constexpr std::array<std::pair<const char*, std::uint64_t LinkReport::*>, 8> kLinkCounts = {{
    {"records_sent", &LinkReport::records_sent},
    {"bytes_sent", &LinkReport::bytes_sent},
    {"frames_sent", &LinkReport::frames_sent},
    {"frames_resent", &LinkReport::frames_resent},
    {"duplicates_dropped", &LinkReport::duplicates_dropped},
    {"stale_refused", &LinkReport::stale_refused},
    {"garbage_refused", &LinkReport::garbage_refused},
    {"dropped_to_dead", &LinkReport::dropped_to_dead},
}};
constexpr std::array<std::pair<const char*, Kind>, 8> kKinds = {{{"report", Kind::kReport},
                                                                 {"cannot-start", Kind::kCannotStart},
                                                                 {"drain", Kind::kDrain},
                                                                 {"stop", Kind::kStop},
                                                                 {"peers", Kind::kPeers},
                                                                 {"activate", Kind::kActivate},
                                                                 {"deactivate", Kind::kDeactivate},
                                                                 {"suspects", Kind::kSuspects}}};

/// Bucket and count in turn, of those that are not empty.
Value to_value(const Histogram& histogram) {
  Value::Array pairs;
  for (std::size_t b = 0; b < histogram.counts().size(); ++b) {
    if (histogram.counts()[b] == 0) continue;
    pairs.emplace_back(static_cast<std::int64_t>(b));
    pairs.emplace_back(static_cast<std::int64_t>(histogram.counts()[b]));
  }
  return pairs;
}
Histogram to_histogram(const Value::Array& pairs) {
  Histogram histogram;
  for (std::size_t i = 0; i + 1 < pairs.size(); i += 2) {
    const auto *b = pairs[i].get_if<std::int64_t>(), *n = pairs[i + 1].get_if<std::int64_t>();
    if (b != nullptr && n != nullptr && *b >= 0 && *n >= 0)
      histogram.add(static_cast<std::size_t>(*b), static_cast<std::uint64_t>(*n));
  }
  return histogram;
}

}  // namespace

Value to_value(const Report& report) {
  Value::Array tasks;
  for (const TaskReport& t : report.tasks) {
    Value::Map map{{"task", t.task.value}, {"finished", t.finished}};
    for (const auto& [name, member] : kTaskCounts) map.emplace(name, t.*member);
    Value::Map user;
    for (const auto& [name, n] : t.user) user.emplace(name, n);
    map.emplace("user", std::move(user));
    map.emplace("latency", to_value(t.latency));
    tasks.emplace_back(std::move(map));
  }
  Value::Map links;
  for (const auto& [name, member] : kLinkCounts) links.emplace(name, report.links.*member);
  return Value::Map{{"tasks", std::move(tasks)},
                    {"links", std::move(links)},
                    {"active", report.active},
                    {"finishing", report.finishing},
                    {"finished", report.finished},
                    {"results_lost", report.results_lost},
                    {"errors", Value::Array(report.errors.begin(), report.errors.end())}};
}

Report to_report(const Value& map) {
  Report report;
  for (const Value& one : array_in(map, "tasks")) {
    TaskReport& t = report.tasks.emplace_back();
    t.task = TaskId(static_cast<std::uint32_t>(number_in(one, "task")));
    t.finished = flag_in(one, "finished");
    for (const auto& [name, member] : kTaskCounts) t.*member = number_in(one, name);
    if (const Value* user = one.find("user"); user != nullptr && user->is<Value::Map>()) {
      for (const auto& [name, n] : user->get<Value::Map>()) t.user.emplace_back(name, number_in(*user, name.c_str()));
    }
    t.latency = to_histogram(array_in(one, "latency"));
  }
  if (const Value* links = map.find("links")) {
    for (const auto& [name, member] : kLinkCounts) report.links.*member = number_in(*links, name);
  }
  report.active = flag_in(map, "active");
  report.finishing = flag_in(map, "finishing");
  report.finished = flag_in(map, "finished");
  report.results_lost = flag_in(map, "results_lost");
  for (const Value& e : array_in(map, "errors")) {
    if (const auto* s = e.get_if<std::string>()) report.errors.push_back(*s);
  }
  return report;
}

std::string encode(const Message& message) {
  Value::Map map{{"protocol", kProtocol},
                 {"worker", std::int64_t{message.worker.value}},
                 {"incarnation", std::int64_t{message.incarnation.value}}};
  for (const auto& [name, kind] : kKinds) {
    if (kind == message.kind) map.emplace("kind", name);
  }
  if (message.slot != 0) map.emplace("slot", std::int64_t{message.slot});
  if (message.told != 0) map.emplace("told", message.told);
  if (message.kind == Kind::kPeers) map.emplace("places", to_value(message.places));
  if (message.kind == Kind::kReport) map.emplace("report", to_value(message.report));
  if (message.kind == Kind::kCannotStart) map.emplace("why", message.why);
  if (message.kind == Kind::kSuspects) map.emplace("suspects", message.suspects);
  return codec::packed(Value(std::move(map)));
}

Result<Message> decode(std::string_view bytes) {
  Value map;
  codec::Cursor cursor(bytes);
  if (codec::Unpack<Value>::read(cursor, map) != codec::Read::kOk || !map.is<Value::Map>()) {
    return Failed{"a control message is no msgpack map"};
  }
  if (number_in(map, "protocol") != static_cast<std::uint64_t>(kProtocol)) {
    return Failed{"a control message speaks protocol " + std::to_string(number_in(map, "protocol")) +
                  ", this gale speaks " + std::to_string(kProtocol)};
  }
  const Value* place = map.find("worker");
  const auto* worker = place == nullptr ? nullptr : place->get_if<std::int64_t>();
  if (worker == nullptr || *worker < 0 || *worker > 0xffff) return Failed{"a control message names no worker"};
  const std::string name = text_in(map, "kind");
  for (const auto& [known, kind] : kKinds) {
    if (name != known) continue;
    Message message;
    message.kind = kind;
    message.worker = WorkerId(static_cast<std::uint16_t>(*worker));
    message.incarnation = Incarnation(static_cast<std::uint32_t>(number_in(map, "incarnation")));
    if (const Value* report = map.find("report")) message.report = to_report(*report);
    message.slot = static_cast<std::uint16_t>(number_in(map, "slot"));
    message.told = number_in(map, "told");
    message.why = text_in(map, "why");
    if (kind == Kind::kPeers) message.places = to_places(map);
    message.suspects = text_in(map, "suspects");
    return message;
  }
  return Failed{"a control message of unknown kind '" + name + "'"};
}

}  // namespace gale::control
