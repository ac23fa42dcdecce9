// SPDX-License-Identifier: Apache-2.0
#include "supervisor/metrics/totals.hpp"

#include <doctest/doctest.h>

namespace gale::metrics {
namespace {

/// spout (task 0, worker 0) -> bolt (tasks 1 and 2, workers 0 and 1).
Outline an_outline() {
  Outline outline;
  outline.components.resize(2);
  outline.components[0].id = "spout";
  outline.components[0].spout = true;
  outline.components[1].id = "bolt";
  outline.components[1].first_task = 1;
  outline.components[1].tasks = 2;
  outline.place_of = {0, 0, 1};
  return outline;
}

worker::TaskReport task(std::uint32_t id) {
  worker::TaskReport t;
  t.task = TaskId(id);
  return t;
}

worker::Report spouts_worker(std::uint64_t roots, std::uint64_t acked) {
  worker::Report r;
  r.tasks = {task(0), task(1)};
  r.tasks[0].roots = r.tasks[0].emitted = roots;
  r.tasks[0].acked = acked;
  r.tasks[0].pending = roots - acked;
  r.tasks[0].timed_out = 2;
  r.tasks[1].executed = acked;
  r.tasks[1].acked = acked;
  r.tasks[0].latency.add(50, acked);
  r.tasks[1].latency.add(20, acked);
  r.tasks[1].user = {{"bad", 1}};
  r.links.frames_sent = 10;
  return r;
}

TEST_CASE("Totals add up workers, components and lives; a newer report of a life replaces the older one") {
  Tally tally(an_outline());
  tally.update(WorkerId(0), Incarnation(1), spouts_worker(100, 40));
  tally.update(WorkerId(0), Incarnation(1), spouts_worker(100, 60));
  worker::Report other;
  other.tasks = {task(2)};
  other.tasks[0].executed = 7;
  other.tasks[0].failed = 3;
  other.tasks[0].forgotten = 3;
  other.tasks[0].user = {{"bad", 2}, {"late", 0}};
  other.links.frames_sent = 5;
  tally.update(WorkerId(1), Incarnation(1), other);
  Totals t = tally.totals();
  CHECK(t.emitted == 100);
  CHECK(t.acked == 60);
  CHECK(t.pending == 40);
  CHECK(t.failed == 0);  // roots, not a bolt's inputs
  REQUIRE(t.components.size() == 2);
  CHECK(t.components[0].spout);
  CHECK(t.components[1].tasks == 2);
  CHECK(t.components[1].executed == 67);
  CHECK(t.components[1].failed == 3);
  CHECK(t.components[1].user == std::map<std::string, std::uint64_t>{{"bad", 3}, {"late", 0}});
  CHECK(t.trouble.forgotten == 3);
  CHECK(t.trouble.timed_out == 2);
  CHECK(t.links.frames_sent == 15);
  CHECK(t.complete.counts().at(50) == 60);
  CHECK(t.components[1].latency.counts().at(20) == 60);

  tally.died(WorkerId(0), Incarnation(1));
  tally.update(WorkerId(0), Incarnation(2), spouts_worker(50, 50));
  t = tally.totals();
  CHECK(t.emitted == 150);
  CHECK(t.acked == 110);
  CHECK(t.pending == 0);  // of the dead nobody is left to be told
}

TEST_CASE("A report of a task that is not in the plan counts nowhere") {
  Tally tally(an_outline());
  worker::Report r;
  r.tasks = {task(4000000000)};
  r.tasks[0].roots = 5;
  tally.update(WorkerId(0), Incarnation(1), r);
  tally.died(WorkerId(7), Incarnation(9));
  CHECK(tally.totals().emitted == 0);
}

}  // namespace
}  // namespace gale::metrics
