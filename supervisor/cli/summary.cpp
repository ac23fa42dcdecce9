// SPDX-License-Identifier: Apache-2.0
#include "supervisor/cli/summary.hpp"

#include <nlohmann/json.hpp>

#include <algorithm>
#include <array>
#include <cmath>
#include <cstdio>
#include <utility>

namespace gale::cli {
namespace {

std::string padded(std::string text, std::size_t width, bool left) {
  if (text.size() < width) text.insert(left ? text.size() : 0, width - text.size(), ' ');
  return text;
}

std::uint64_t all_emitted(const metrics::Totals& totals) {
  std::uint64_t n = 0;
  for (const metrics::ComponentTotals& c : totals.components) {
    if (c.spout) n += c.emitted;
  }
  return n;
}

double micros(const Histogram& histogram, double q) { return std::round(histogram.quantile(q) / 10) / 100; }

nlohmann::ordered_json quantiles(const Histogram& histogram) {
  if (histogram.empty()) return nullptr;
  return {{"p50", micros(histogram, 0.5)}, {"p99", micros(histogram, 0.99)}, {"p999", micros(histogram, 0.999)}};
}

/// For people: three digits, in the unit that suits.
std::string duration(double ns) {
  char room[32];
  const auto [value, unit] = ns < 1e3   ? std::pair(ns, "ns")
                             : ns < 1e6 ? std::pair(ns / 1e3, "us")
                             : ns < 1e9 ? std::pair(ns / 1e6, "ms")
                                        : std::pair(ns / 1e9, "s");
  std::snprintf(room, sizeof room, "%.3g %s", value, unit);
  return room;
}

}  // namespace

std::string grouped(std::uint64_t n) {
  std::string digits = std::to_string(n);
  for (std::ptrdiff_t at = static_cast<std::ptrdiff_t>(digits.size()) - 3; at > 0; at -= 3) {
    digits.insert(static_cast<std::size_t>(at), " ");
  }
  return digits;
}

std::string to_json(const Outcome& outcome, const metrics::Totals& totals) {
  nlohmann::ordered_json json;
  json["topology"] = outcome.topology;
  json["seconds"] = outcome.seconds;
  json["roots"] = {{"emitted", totals.emitted},
                   {"acked", totals.acked},
                   {"failed", totals.failed},
                   {"replayed", totals.replayed},
                   {"pending", totals.pending}};
  json["complete_us"] = quantiles(totals.complete);
  json["components"] = nlohmann::ordered_json::array();
  for (const metrics::ComponentTotals& c : totals.components) {
    json["components"].push_back({{"id", c.id},
                                  {"kind", c.spout ? "spout" : "bolt"},
                                  {"tasks", c.tasks},
                                  {"emitted", c.emitted},
                                  {"executed", c.executed},
                                  {"acked", c.acked},
                                  {"failed", c.failed},
                                  {"counters", c.user},
                                  {c.spout ? "complete_us" : "execute_us", quantiles(c.latency)}});
  }
  const worker::LinkReport& l = totals.links;
  json["links"] = {{"records_sent", l.records_sent},
                   {"bytes_sent", l.bytes_sent},
                   {"frames_sent", l.frames_sent},
                   {"frames_resent", l.frames_resent},
                   {"duplicates_dropped", l.duplicates_dropped},
                   {"stale_refused", l.stale_refused},
                   {"garbage_refused", l.garbage_refused},
                   {"dropped_to_dead", l.dropped_to_dead}};
  const metrics::Trouble& t = totals.trouble;
  json["trouble"] = {{"thrown", t.thrown},
                     {"forgotten", t.forgotten},
                     {"misuse", t.misuse},
                     {"dropped", t.dropped},
                     {"late", t.late},
                     {"timed_out", t.timed_out},
                     {"stale_acks", t.stale_acks},
                     {"dead_letters", t.dead_letters},
                     {"poisoned", t.poisoned}};
  json["worker_restarts"] = outcome.restarts;
  json["results_lost"] = outcome.results_lost;
  return json.dump();
}

std::string to_text(const Outcome& outcome, const metrics::Totals& totals) {
  char head[128];
  std::snprintf(head, sizeof head, "%.2f s", outcome.seconds);
  std::string text = outcome.topology + ": " + head + "; roots: " + grouped(totals.emitted) + " emitted, " +
                     grouped(totals.acked) + " acked, " + grouped(totals.failed) + " failed, " +
                     grouped(totals.replayed) + " replayed, " + grouped(totals.pending) + " pending\n";
  std::size_t width = 9;
  for (const metrics::ComponentTotals& c : totals.components) width = std::max(width, c.id.size());
  const auto row = [&](const std::string& id, const std::array<std::string, 7>& cells) {
    text += "  " + padded(id, width, true);
    for (const std::string& cell : cells) text += "  " + padded(cell, 12, false);
    text += "\n";
  };
  row("component", {"tasks", "emitted", "executed", "acked", "failed", "p50", "p99"});
  for (const metrics::ComponentTotals& c : totals.components) {
    row(c.id, {grouped(c.tasks), grouped(c.emitted), c.spout ? "-" : grouped(c.executed), grouped(c.acked),
               grouped(c.failed), c.latency.empty() ? "-" : duration(c.latency.quantile(0.5)),
               c.latency.empty() ? "-" : duration(c.latency.quantile(0.99))});
  }
  if (!totals.complete.empty()) text += "  p50 and p99: of a spout from emit to ack, of a bolt of one execute\n";
  for (const metrics::ComponentTotals& c : totals.components) {
    std::string counted;
    for (const auto& [name, n] : c.user) {
      if (n != 0) counted += (counted.empty() ? "" : ", ") + name + " " + grouped(n);
    }
    if (!counted.empty()) text += "  " + c.id + " counts: " + counted + "\n";
  }
  const metrics::Trouble& t = totals.trouble;
  const std::array<std::pair<std::uint64_t, const char*>, 11> troubles = {
      {{t.thrown, "calls of user code threw"},
       {t.forgotten, "tuples were neither acked, failed nor kept"},
       {t.misuse, "acks or emits of settled tuples were refused"},
       {t.dropped, "tuples were dropped: untracked ones without a way, or left over in a cycle"},
       {t.late, "tuples came after their bolt had finished"},
       {t.timed_out, "times a root timed out"},
       {t.poisoned, "times a tuple that had crashed workers was failed without being run"},
       {t.dead_letters, "tuples failed for good and went to the dead letters"},
       {totals.links.garbage_refused, "frames were refused as garbage"},
       {totals.links.dropped_to_dead, "frames were on the way to a worker that died"},
       {outcome.restarts, "worker processes died and were started anew"}}};
  for (const auto& [n, what] : troubles) {
    if (n != 0) text += "  " + grouped(n) + " " + what + "\n";
  }
  if (outcome.results_lost) text += "  final results lost: see the log above\n";
  return text;
}

std::string progress(double seconds, const metrics::Totals& now, const metrics::Totals& before, double since) {
  char time[32];
  std::snprintf(time, sizeof time, "%.0f s: ", seconds);
  const auto rate = [&](std::uint64_t a, std::uint64_t b) {
    return grouped(static_cast<std::uint64_t>(static_cast<double>(a - std::min(a, b)) / std::max(since, 1e-3)));
  };
  if (now.emitted == 0) {
    return time + grouped(all_emitted(now)) + " tuples emitted (" + rate(all_emitted(now), all_emitted(before)) + "/s)";
  }
  std::string text = time + grouped(now.acked) + " roots acked (" + rate(now.acked, before.acked) + "/s), " +
                     grouped(now.pending) + " pending";
  if (const Histogram recent = now.complete.since(before.complete); !recent.empty())
    text += ", p99 " + duration(recent.quantile(0.99));
  if (now.failed != 0) text += ", " + grouped(now.failed) + " failed";
  return text;
}

}  // namespace gale::cli
