// SPDX-License-Identifier: Apache-2.0
#include "supervisor/node/totals.hpp"

namespace gale::node {
namespace {

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

}  // namespace

void Tally::update(WorkerId worker, Incarnation incarnation, worker::Report report) {
  reports_[{worker, incarnation}] = std::move(report);
}

void Tally::died(WorkerId worker, Incarnation incarnation) {
  for (worker::TaskReport& t : reports_[{worker, incarnation}].tasks) t.pending = 0;
}

Totals Tally::totals() const {
  Totals sum;
  for (const plan::Component& c : plan_.components) {
    ComponentTotals& one = sum.components.emplace_back();
    one.id = c.id;
    one.spout = c.kind == host::ComponentKind::kSpout;
    one.tasks = c.tasks;
  }
  for (const auto& [who, report] : reports_) {
    for (const worker::TaskReport& t : report.tasks) {
      if (t.task.value >= plan_.tasks.size()) continue;
      ComponentTotals& c = sum.components[plan_.tasks[t.task.value].component.value];
      c.emitted += t.emitted;
      c.executed += t.executed;
      c.acked += t.acked;
      c.failed += t.failed;
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
  return sum;
}

}  // namespace gale::node
