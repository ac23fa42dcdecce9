// SPDX-License-Identifier: Apache-2.0
#include "supervisor/cli/cluster/status_text.hpp"

#include "supervisor/cli/cluster/text.hpp"
#include "supervisor/cli/table.hpp"
#include "supervisor/control/fields.hpp"

#include <cstdio>

namespace gale::cli {

using control::array_in;
using control::flag_in;
using control::map_in;
using control::number_in;
using control::text_in;

namespace {

constexpr std::size_t kErrorsShown = 5;

std::string heading(const Value& s) {
  std::string text = "topology   " + text_in(s, "name") + " (" + text_in(s, "id") + ", revision " +
                     std::to_string(number_in(s, "revision")) + ")\nstatus     " + text_in(s, "status") + ", " +
                     text_in(s, "health");
  if (const std::string why = text_in(s, "why"); !why.empty()) text += ": " + why;
  const Value& roots = map_in(s, "roots");
  const Value& complete = map_in(s, "complete_us");
  text += "\nup         " + age(number_in(s, "up_ms")) + "\nroots      " + short_number(real_in(roots, "emitted")) +
          " emitted, " + short_number(real_in(roots, "acked")) + " acked, " + short_number(real_in(roots, "failed")) +
          " failed, " + short_number(real_in(roots, "replayed")) + " replayed, " +
          short_number(real_in(roots, "pending")) + " pending\nrate       " + short_number(real_in(s, "acked_per_s")) +
          " acked/s, " + short_number(real_in(s, "failed_per_s")) + " failed/s\ncomplete   p50 " +
          micros_text(complete.find("p50")) + ", p99 " + micros_text(complete.find("p99")) + "\n";
  return text;
}

/// What a person wants to know when it is not zero.
std::string trouble(const Value& s) {
  std::string text;
  for (const auto& [name, n] : map_in(s, "trouble").get<Value::Map>()) {
    if (const auto* i = n.get_if<std::int64_t>(); i != nullptr && *i != 0)
      text += (text.empty() ? "" : ", ") + short_number(static_cast<double>(*i)) + " " + name;
  }
  const Value& links = map_in(s, "links");
  for (const char* name :
       {"frames_resent", "duplicates_dropped", "stale_refused", "garbage_refused", "dropped_to_dead"}) {
    if (const std::uint64_t n = number_in(links, name); n != 0)
      text += (text.empty() ? "" : ", ") + short_number(static_cast<double>(n)) + " " + name;
  }
  for (std::size_t at = text.find('_'); at != std::string::npos; at = text.find('_')) text[at] = ' ';
  return text.empty() ? text : "trouble    " + text + "\n";
}

}  // namespace

std::string workers_text(const Value& status) {
  Table table({"WORKER", "HOST", "PORT", "STATE", "PID", "UP", "RESTARTS", "RSS", "TASKS", "WHY"});
  for (const Value& w : array_in(status, "workers")) {
    const std::uint64_t pid = number_in(w, "pid"), port = number_in(w, "port");
    table.row({std::to_string(number_in(w, "worker")), text_in(w, "host"), port == 0 ? "-" : std::to_string(port),
               text_in(w, "state"), pid == 0 ? "-" : std::to_string(pid), pid == 0 ? "-" : age(number_in(w, "up_ms")),
               std::to_string(number_in(w, "restarts")), pid == 0 ? "-" : size_text(number_in(w, "rss_bytes")),
               std::to_string(number_in(w, "tasks")), text_in(w, "why")});
  }
  return table.text();
}

std::string components_text(const Value& status) {
  Table table({"COMPONENT", "KIND", "TASKS", "EMITTED/S", "EXECUTED/S", "ACKED/S", "FAILED", "PENDING", "P50", "P99",
               "CAPACITY"});
  for (const Value& c : array_in(status, "components")) {
    const bool spout = text_in(c, "kind") == "spout";
    const Value& latency = map_in(c, spout ? "complete_us" : "execute_us");
    table.row({text_in(c, "id"), text_in(c, "kind"), std::to_string(number_in(c, "tasks")),
               short_number(real_in(c, "emitted_per_s")), spout ? "-" : short_number(real_in(c, "executed_per_s")),
               short_number(real_in(c, "acked_per_s")), short_number(real_in(c, "failed")),
               short_number(real_in(c, "pending")), micros_text(latency.find("p50")), micros_text(latency.find("p99")),
               spout ? "-" : short_number(real_in(c, "capacity"))});
  }
  return table.text();
}

std::string error_text(const Value& error) {
  const std::uint64_t times = number_in(error, "times");
  std::string text = time_text(static_cast<std::int64_t>(number_in(error, "at_ms"))) + "  " + text_in(error, "host") +
                     " worker " + std::to_string(number_in(error, "worker")) + "  " + text_in(error, "text");
  if (times > 1) {
    text += "  (" + std::to_string(times) + " times since " +
            time_text(static_cast<std::int64_t>(number_in(error, "first_ms"))) + ")";
  }
  return text;
}

std::string status_text(const Value& status) {
  std::string text = heading(status) + trouble(status) + "\n" + workers_text(status) + "\n" + components_text(status);
  const Value::Array& errors = array_in(status, "errors");
  if (!errors.empty()) text += "\nlast errors\n";
  for (std::size_t i = 0; i < errors.size() && i < kErrorsShown; ++i) text += error_text(errors[i]) + "\n";
  return text;
}

}  // namespace gale::cli
