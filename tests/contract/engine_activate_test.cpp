// SPDX-License-Identifier: Apache-2.0
//
// The contract of a spout that is deactivated and activated while its topology runs (contract 13).
#include "tests/contract/engine_run.hpp"

#include <doctest/doctest.h>

#include <ctime>
#include <utility>
#include <vector>

namespace gale::test {
namespace {

using std::chrono::milliseconds;

/// A spout that counts what is asked of it, and a bolt that keeps its first tuples and acks the rest.
struct Paused {
  Signal state;
  int nexts = 0, activated = 0, deactivated = 0;
  std::vector<KeptTuple> kept;  // guarded by `state`
  Told told;
  SpoutScript spout;
  BoltScript bolt;

  explicit Paused(std::size_t keep, const std::function<Next(int, SpoutCollector&, Context&)>& next = {}) {
    told.listen(spout);
    spout.next = [this, next](SpoutCollector& out, Context& c) {
      int n = 0;
      state.change([&] { n = nexts++; });
      if (next) return next(n, out, c);
      out.emit({.id = static_cast<MessageId>(n)}, n, "x");
      return Next::emitted();
    };
    spout.activate = [this] { state.change([&] { ++activated; }); };
    spout.deactivate = [this] { state.change([&] { ++deactivated; }); };
    bolt.execute = [this, keep](const Tuple& t, Collector& out) {
      bool full = false;
      state.change([&] {
        full = kept.size() == keep;
        if (!full) kept.push_back(t.keep());
      });
      if (full) out.ack(t);
    };
  }
  int read(const int& of) {
    return state.read([&] { return of; });
  }
  std::size_t completed() {
    return told.signal.read([&] { return told.acks.size() + told.fails.size(); });
  }
};

TEST_CASE("Contract 13: a deactivated spout gets acks and fails but no next(), and goes on when it is activated") {
  Paused p(2);
  EngineRun run(pair_of(p.spout, p.bolt, "topology.max.attempts: 1"));
  run.start();
  REQUIRE(run.eventually([&] { return p.completed() > 100; }));
  run.worker().set_active(false);
  REQUIRE(p.state.wait([&] { return p.deactivated == 1; }));
  REQUIRE(run.eventually([&] { return run.counts("spout").pending == 2; }));
  const int asked = p.read(p.nexts);
  p.state.change([&] {
    std::move(p.kept[0]).ack();
    std::move(p.kept[1]).fail("no");
  });
  REQUIRE(run.eventually([&] { return p.completed() == static_cast<std::size_t>(asked); }));
  CHECK(p.told.signal.read([&] { return p.told.fails.size(); }) == 1);
  CHECK(p.read(p.nexts) == asked);

  run.worker().set_active(true);
  REQUIRE(p.state.wait([&] { return p.nexts > asked + 100; }));
  CHECK(p.read(p.activated) == 2);
  run.worker().set_active(true);  // it is: nothing more is said
  run.stop();
  CHECK(p.activated == 2);
  CHECK(p.deactivated == 1);
}

TEST_CASE("Contract 13: a spout that begins deactivated is opened, but neither activated nor asked before its time") {
  Paused p(0);
  bool opened = false;
  p.spout.open = [&](Context&) { p.state.change([&] { opened = true; }); };
  EngineRun run(pair_of(p.spout, p.bolt), 2, false);
  run.start();
  CHECK(opened);
  CHECK_FALSE(run.finish(milliseconds(100)));
  CHECK(p.read(p.nexts) == 0);
  CHECK(p.read(p.activated) == 0);
  CHECK(p.read(p.deactivated) == 0);
  run.worker().set_active(true);
  REQUIRE(p.state.wait([&] { return p.nexts > 100; }));
  CHECK(p.read(p.activated) == 1);
  run.stop();
}

TEST_CASE("Contract 13: activated, it is asked at once, whatever it said before that it waits for") {
  Paused p(0, [](int n, SpoutCollector&, Context& c) {
    return n % 2 == 0 ? Next::idle_until(c.now() + std::chrono::hours(1)) : Next::idle_until_woken();
  });
  EngineRun run(pair_of(p.spout, p.bolt));
  run.start();
  for (int n = 1; n <= 4; ++n) {
    REQUIRE(p.state.wait([&] { return p.nexts == n; }));
    run.worker().set_active(false);
    REQUIRE(p.state.wait([&] { return p.deactivated == n; }));
    run.worker().set_active(true);
  }
  REQUIRE(p.state.wait([&] { return p.nexts == 5; }));
  run.stop();
}

TEST_CASE("Nothing spins: a deactivated spout whose time has come uses next to no CPU") {
  Paused p(0, [](int, SpoutCollector&, Context& c) { return Next::idle_until(c.now() + milliseconds(20)); });
  EngineRun run(pair_of(p.spout, p.bolt));
  run.start();
  REQUIRE(p.state.wait([&] { return p.nexts > 0; }));
  run.worker().set_active(false);
  REQUIRE(p.state.wait([&] { return p.deactivated == 1; }));
  const std::clock_t before = std::clock();
  CHECK_FALSE(run.finish(milliseconds(300)));
  CHECK((std::clock() - before) * 1000 / CLOCKS_PER_SEC < 100);
  run.stop();
}

TEST_CASE("Contract 13: a deactivated spout can be drained: its run ends, and it is not activated again for that") {
  Paused p(0);
  EngineRun run(pair_of(p.spout, p.bolt));
  run.start();
  REQUIRE(run.eventually([&] { return p.completed() > 100; }));
  run.worker().set_active(false);
  REQUIRE(p.state.wait([&] { return p.deactivated == 1; }));
  run.worker().drain();
  REQUIRE(run.finish());
  run.worker().set_active(true);  // for good is for good
  run.stop();
  CHECK(p.activated == 1);
  CHECK(p.deactivated == 1);
  CHECK(p.completed() == static_cast<std::size_t>(p.nexts));
}

}  // namespace
}  // namespace gale::test
