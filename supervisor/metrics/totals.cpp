// SPDX-License-Identifier: Apache-2.0
#include "supervisor/metrics/totals.hpp"

#include <algorithm>
#include <array>

namespace gale::metrics {
namespace {

/// What adds up over the lives of a task; what is pending does not.
constexpr std::array kTaskCounts = {
    &worker::TaskReport::emitted,   &worker::TaskReport::transferred, &worker::TaskReport::executed,
    &worker::TaskReport::acked,     &worker::TaskReport::failed,      &worker::TaskReport::thrown,
    &worker::TaskReport::forgotten, &worker::TaskReport::misuse,      &worker::TaskReport::dropped,
    &worker::TaskReport::late,      &worker::TaskReport::roots,       &worker::TaskReport::replayed,
    &worker::TaskReport::timed_out, &worker::TaskReport::stale_acks,  &worker::TaskReport::dead_letters,
    &worker::TaskReport::poisoned};

void add(Trouble& trouble, const worker::TaskReport& t) {
  trouble.thrown += t.thrown;
  trouble.forgotten += t.forgotten;
  trouble.misuse += t.misuse;
  trouble.dropped += t.dropped;
  trouble.late += t.late;
  trouble.timed_out += t.timed_out;
  trouble.stale_acks += t.stale_acks;
  trouble.dead_letters += t.dead_letters;
  trouble.poisoned += t.poisoned;
}

void add(worker::LinkReport& sum, const worker::LinkReport& l) {
  sum.records_sent += l.records_sent;
  sum.bytes_sent += l.bytes_sent;
  sum.frames_sent += l.frames_sent;
  sum.frames_resent += l.frames_resent;
  sum.duplicates_dropped += l.duplicates_dropped;
  sum.stale_refused += l.stale_refused;
  sum.garbage_refused += l.garbage_refused;
  sum.dropped_to_dead += l.dropped_to_dead;
}

void add(Totals& sum, const worker::Report& report, const Outline& outline) {
  for (const worker::TaskReport& t : report.tasks) {
    const std::optional<std::size_t> component = outline.component_of(t.task);
    if (!component) continue;
    ComponentTotals& c = sum.components[*component];
    c.emitted += t.emitted;
    c.executed += t.executed;
    c.acked += t.acked;
    c.failed += t.failed;
    c.pending += t.pending;
    for (const auto& [name, n] : t.user) c.user[name] += n;
    c.latency.add(t.latency);
    add(sum.trouble, t);
    if (!c.spout) continue;
    sum.complete.add(t.latency);
    sum.emitted += t.roots;
    sum.acked += t.acked;
    sum.failed += t.failed;
    sum.replayed += t.replayed;
    sum.pending += t.pending;
  }
  add(sum.links, report.links);
}

/// A life that is over, added to those before it.
void fold(const worker::Report& life, worker::Report& past) {
  for (const worker::TaskReport& t : life.tasks) {
    const auto known = std::find_if(past.tasks.begin(), past.tasks.end(),
                                    [&](const worker::TaskReport& p) { return p.task == t.task; });
    if (known == past.tasks.end()) {
      past.tasks.push_back(t);
      past.tasks.back().pending = 0;
      continue;
    }
    for (const auto member : kTaskCounts) (*known).*member += t.*member;
    for (const auto& [name, n] : t.user) {
      const auto one =
          std::find_if(known->user.begin(), known->user.end(), [&](const auto& u) { return u.first == name; });
      if (one == known->user.end()) {
        known->user.emplace_back(name, n);
      } else {
        one->second += n;
      }
    }
    known->latency.add(t.latency);
  }
  add(past.links, life.links);
}

}  // namespace

void Tally::update(WorkerId worker, Incarnation incarnation, worker::Report report) {
  Place& place = places_[worker];
  if (incarnation < place.life) return;
  if (place.life < incarnation) fold(place.now, place.past);
  place.life = incarnation;
  place.now = std::move(report);
}

void Tally::died(WorkerId worker, Incarnation incarnation) {
  const auto place = places_.find(worker);
  if (place == places_.end() || incarnation < place->second.life) return;
  for (worker::TaskReport& t : place->second.now.tasks) t.pending = 0;
}

Totals Tally::totals() const {
  Totals sum;
  for (const Outline::Component& c : outline_.components) {
    ComponentTotals& one = sum.components.emplace_back();
    one.id = c.id;
    one.spout = c.spout;
    one.tasks = c.tasks;
  }
  for (const auto& [worker, place] : places_) {
    for (const worker::Report* report : {&place.past, &place.now}) add(sum, *report, outline_);
  }
  return sum;
}

}  // namespace gale::metrics
