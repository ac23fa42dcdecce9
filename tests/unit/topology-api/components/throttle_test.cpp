// SPDX-License-Identifier: Apache-2.0
#include "refusal.hpp"
#include "tests/support/fake_host.hpp"
#include "topology-api/components/throttle/bolt.hpp"

namespace gale::stock::throttle {
namespace {

using test::Cells;
using test::FakeHost;

host::TaskInfo task(double per_second, Value::Map more = {}) {
  more["per_second"] = per_second;
  return test::task_with({"n"}, std::move(more));
}
std::vector<Cells> numbers(int from, int to) {
  std::vector<Cells> rows;
  for (int n = from; n < to; ++n) rows.push_back({n});
  return rows;
}

TEST_CASE("The first passes at once, the others when their time has come, in order") {
  FakeHost host(test::component_of<Bolt>(), task(10));
  host.started().execute(numbers(0, 4));
  CHECK(host.emitted() == numbers(0, 1));
  CHECK(host.kept() == 3);
  for (int tick = 1; tick <= 3; ++tick) {
    host.now_ns = tick * 100'000'000;
    CHECK(host.tick(host.now_ns));
    CHECK(host.emitted() == numbers(0, tick + 1));
  }
  CHECK(host.kept() == 0);
  CHECK(host.fails().empty());
  CHECK(host.misuse() == 0);
}

TEST_CASE("What waits is anchored to what it was, and acked with it") {
  FakeHost host(test::component_of<Bolt>(), task(10));
  host.started().execute(numbers(0, 2));
  host.now_ns = 1'000'000'000;
  CHECK(host.tick());
  REQUIRE(host.records.size() == 3);
  CHECK(host.records[1].anchors.size() == 1);
  CHECK(host.records[2].head.kind == GALE_ACK);
}

TEST_CASE("After a pause a burst passes and no more") {
  FakeHost host(test::component_of<Bolt>(), task(10, {{"burst", 3}}));
  host.started();
  host.now_ns = 60'000'000'000;
  host.execute(numbers(0, 10));
  CHECK(host.emitted().size() == 3);
}

TEST_CASE("A pace above the ticks' is kept: what falls due between two ticks passes at the next") {
  FakeHost host(test::component_of<Bolt>(), task(10'000, {{"max_wait_ms", 1000}}));
  host.most_kept = 10'000;
  host.started().execute(numbers(0, 1000));
  for (int tick = 1; tick <= 9; ++tick) {
    host.now_ns = tick * 10'000'000;
    CHECK(host.tick());
  }
  CHECK(host.emitted().size() >= 900);
  CHECK(host.emitted().size() <= 901);
}

TEST_CASE("What would wait too long fails at once and is counted") {
  FakeHost host(test::component_of<Bolt>(), task(10, {{"max_wait_ms", 200}}));
  host.started().execute(numbers(0, 5));
  CHECK(host.kept() == 2);
  CHECK(host.fails() == std::vector<std::string>(2, "throttled: it would wait longer than 200 ms"));
  CHECK(host.counters["refused"] == 2);
}

TEST_CASE("It ends when all that waits has passed") {
  FakeHost host(test::component_of<Bolt>(), task(10));
  host.started().execute(numbers(0, 2));
  bool done = true;
  CHECK(host.finish(done));
  CHECK_FALSE(done);
  host.now_ns = 100'000'000;
  CHECK(host.finish(done));
  CHECK(done);
  CHECK(host.emitted() == numbers(0, 2));
}

TEST_CASE("Several tasks share the pace") {
  host::TaskInfo info = task(10);
  info.tasks = 2;
  FakeHost host(test::component_of<Bolt>(), info);
  host.started().execute(numbers(0, 3));
  host.now_ns = 100'000'000;
  CHECK(host.tick());
  CHECK(host.emitted().size() == 1);
  host.now_ns = 200'000'000;
  CHECK(host.tick());
  CHECK(host.emitted().size() == 2);
}

TEST_CASE("A pace that cannot be is refused") {
  CHECK(test::refusal(test::component_of<Bolt>(), task(0)) == "key 'per_second' may be above 0, to 1000000000");
}

}  // namespace
}  // namespace gale::stock::throttle
