// SPDX-License-Identifier: Apache-2.0
//
// The contract in a running engine: forgotten and kept tuples, other threads, callbacks and replay (contract 5-8, 15).
#include "tests/contract/engine_run.hpp"

#include <doctest/doctest.h>

#include <algorithm>
#include <optional>
#include <thread>

namespace gale::test {
namespace {

const std::string kOnce = "topology.max.attempts: 1";

TEST_CASE("Contract 5: a tuple neither acked, failed nor kept fails at once: forgotten by <component>") {
  Told told;
  SpoutScript spout = numbers(3);
  told.listen(spout);
  BoltScript bolt;
  bolt.execute = [](const Tuple& t, Collector& out) {
    if (t.get<int>(0) != 1) out.ack(t);
  };
  EngineRun run(pair_of(spout, bolt, kOnce + ", topology.message.timeout.secs: 600"));
  REQUIRE(run_to_end(run));
  CHECK(told.fails[1].at(0).reason == "forgotten by bolt#0");
  CHECK(told.acks.size() == 2);
  CHECK(run.counts("bolt").forgotten == 1);
  CHECK(run.counts("bolt").failed == 1);
  CHECK(run.reported("bolt#0: forgot a tuple"));
}

TEST_CASE("Contract 5: a kept tuple that is dropped unsettled fails as forgotten, too") {
  Told told;
  SpoutScript spout = numbers(1);
  told.listen(spout);
  BoltScript bolt;
  bolt.execute = [](const Tuple& t, Collector&) { static_cast<void>(t.keep()); };
  EngineRun run(pair_of(spout, bolt, kOnce));
  REQUIRE(run_to_end(run));
  CHECK(told.fails[0].at(0).reason.find("forgotten") != std::string::npos);
  CHECK(told.acks.empty());
}

TEST_CASE(
    "Contract 5: a kept tuple has bytes and roots of its own and is settled ticks later; its children go with it") {
  Told told;
  SpoutScript spout = numbers(200);
  told.listen(spout);
  BoltScript bolt, sink;
  std::vector<KeptTuple> kept;
  bolt.execute = [&](const Tuple& t, Collector& out) {
    kept.push_back(t.keep());
    out.from(kept.back()).emit(t.get<std::int64_t>(0), "at once");
    if (kept.size() < 10) return;
    for (KeptTuple& k : kept) {
      out.from(k).emit(k.get<std::int64_t>(0), k.get<std::string_view>(1));
      out.ack(std::move(k));
    }
    kept.clear();
  };
  std::map<std::int64_t, std::vector<std::string>> arrived;
  sink.execute = [&](const Tuple& t, Collector& out) {
    arrived[t.get<std::int64_t>(0)].push_back(t.get<std::string>(1));
    out.ack(t);
  };
  EngineRun run(chain(spout, {&bolt, &sink}, kOnce));
  REQUIRE(run_to_end(run));
  CHECK(told.fails.empty());
  CHECK(told.acks.size() == 200);
  CHECK(arrived.size() == 200);
  for (const auto& [n, texts] : arrived) REQUIRE(texts == std::vector<std::string>{"at once", "text"});
}

TEST_CASE("Contract 5: a call that keeps a tuple and throws fails it once; what was kept settles nothing any more") {
  Told told;
  SpoutScript spout = numbers(1);
  told.listen(spout);
  BoltScript bolt;
  std::optional<KeptTuple> kept;
  bolt.execute = [&](const Tuple& t, Collector&) {
    kept.emplace(t.keep());
    throw Error("after keeping");
  };
  bolt.tick = [&](TimePoint, Collector& out) {
    if (kept) out.ack(std::move(*kept));
    kept.reset();
  };
  EngineRun run(pair_of(spout, bolt, kOnce, "Ticker"));
  REQUIRE(run_to_end(run));
  CHECK(told.fails[0].size() == 1);
  CHECK(told.fails[0].at(0).reason == "bolt#0: after keeping");
  CHECK(told.acks.empty());
  CHECK(run.counts("spout").stale_acks == 0);
}

TEST_CASE("Contract 6: other threads settle kept tuples and emit through the mailbox; after close it says closed") {
  Told told;
  SpoutScript spout = numbers(400);
  told.listen(spout);
  BoltScript bolt, sink;
  std::optional<Mailbox> box;
  Signal work;
  std::vector<KeptTuple> queue;
  bool over = false;
  bolt.open = [&](Context& c) { box = c.mailbox(); };
  bolt.execute = [&](const Tuple& t, Collector&) { work.change([&] { queue.push_back(t.keep()); }); };
  std::atomic<int> arrived{0};
  sink.execute = [&](const Tuple& t, Collector& out) {
    ++arrived;
    out.ack(t);
  };
  EngineRun run(chain(spout, {&bolt, &sink}, kOnce));
  std::vector<std::thread> others;
  for (int i = 0; i < 3; ++i) {
    others.emplace_back([&] {
      for (;;) {
        std::vector<KeptTuple> mine;
        work.wait([&] {
          mine.swap(queue);
          return over || !mine.empty();
        });
        if (mine.empty()) return;
        for (KeptTuple& k : mine) {
          const auto n = k.get<std::int64_t>(0);
          if (n % 4 == 0) {
            std::move(k).ack();
          } else if (n % 4 == 1) {
            std::move(k).fail("another thread said so");
          } else {
            box->post([kept = std::move(k)](Collector& out) mutable {
              out.from(kept).forward(kept);
              out.ack(std::move(kept));
            });
          }
        }
      }
    });
  }
  run.start();
  const bool finished = run.finish();
  work.change([&] { over = true; });
  for (std::thread& t : others) t.join();
  run.stop();
  REQUIRE(finished);
  CHECK(told.acks.size() == 300);
  CHECK(told.fails.size() == 100);
  CHECK(told.fails[1].at(0).reason == "bolt0#0: another thread said so");
  CHECK(arrived == 200);
  CHECK_FALSE(box->post([](Collector&) {}));
}

TEST_CASE("Contract 7: each emit of a living spout is answered exactly once, whatever became of it") {
  Told told;
  SpoutScript spout = numbers(20000, Replay::spout);
  told.listen(spout);
  BoltScript bolt, sink;
  std::vector<KeptTuple> kept;
  bolt.execute = [&](const Tuple& t, Collector& out) {
    const auto n = t.get<std::int64_t>(0);
    switch (n % 7) {
      case 0:
        return;
      case 1:
        return out.fail(t, "one");
      case 2:
        throw Error("two");
      case 3:
        out.forward(t);
        out.forward(t);
        return out.ack(t);
      case 4:
        return kept.push_back(t.keep());
      default:
        out.forward(t);
        out.ack(t);
    }
  };
  bolt.tick = [&](TimePoint, Collector& out) {
    for (KeptTuple& k : kept) k.get<std::int64_t>(0) % 2 == 0 ? out.ack(std::move(k)) : out.fail(std::move(k), "odd");
    kept.clear();
  };
  sink.execute = [](const Tuple& t, Collector& out) {
    t.get<std::int64_t>(0) % 11 == 0 ? out.fail(t, "eleven") : out.ack(t);
  };
  std::string yaml = chain(spout, {&bolt, &sink}, kOnce + ", topology.max.spout.pending: 1000");
  yaml.replace(yaml.find("id: bolt0, className: scripted.Step"), 35, "id: bolt0, className: scripted.Ticker");
  EngineRun run(yaml);
  REQUIRE(run_to_end(run));
  std::size_t answers = 0, twice = 0;
  for (MessageId n = 0; n < 20000; ++n) {
    const std::size_t acks = static_cast<std::size_t>(told.acks[n]), fails = told.fails[n].size();
    answers += acks + fails;
    twice += acks + fails != 1;
    const bool ok = n % 7 >= 3 && (n % 7 != 4 ? n % 11 != 0 : n % 2 == 0);
    if (acks != (ok ? 1u : 0u)) FAIL("message " << n << " was acked " << acks << " times");
  }
  CHECK(answers == 20000);
  CHECK(twice == 0);
  CHECK(run.counts("spout").pending == 0);
}

TEST_CASE("Contract 8: the engine replays a failed tuple until it is acked, and tells the spout only the end") {
  Told told;
  SpoutScript spout = numbers(5);
  told.listen(spout);
  BoltScript bolt;
  std::map<std::int64_t, int> seen;
  std::vector<std::string> texts;
  bolt.execute = [&](const Tuple& t, Collector& out) {
    texts.push_back(t.get<std::string>(1));
    const auto n = t.get<std::int64_t>(0);
    if (++seen[n] <= static_cast<int>(n % 3)) return out.fail(t, "not yet");
    out.ack(t);
  };
  EngineRun run(pair_of(spout, bolt));
  REQUIRE(run_to_end(run));
  CHECK(told.fails.empty());
  CHECK(told.acks == std::map<MessageId, int>{{0, 1}, {1, 1}, {2, 1}, {3, 1}, {4, 1}});
  CHECK(seen == std::map<std::int64_t, int>{{0, 1}, {1, 2}, {2, 3}, {3, 1}, {4, 2}});
  CHECK(std::all_of(texts.begin(), texts.end(), [](const std::string& s) { return s == "text"; }));
  CHECK(run.counts("spout").replayed == 4);
  CHECK(run.counts("spout").roots == 5);
  CHECK(run.counts("spout").failed == 0);
}

TEST_CASE("Contract 8: the engine gives up after topology.max.attempts, with growing pauses, and marks it final") {
  Told told;
  SpoutScript spout = numbers(1);
  told.listen(spout);
  BoltScript bolt;
  std::vector<TimePoint> tries;
  bolt.execute = [&](const Tuple& t, Collector& out) {
    tries.push_back(std::chrono::steady_clock::now());
    out.fail(t, "never");
  };
  EngineRun run(pair_of(spout, bolt, "topology.max.attempts: 3"));
  REQUIRE(run_to_end(run));
  CHECK(told.acks.empty());
  REQUIRE(told.fails[0].size() == 1);
  CHECK(told.fails[0][0].attempt == 3);
  CHECK(told.fails[0][0].final);
  CHECK(told.fails[0][0].reason == "bolt#0: never");
  REQUIRE(tries.size() == 3);
  CHECK(tries[1] - tries[0] >= std::chrono::milliseconds(100));
  CHECK(tries[2] - tries[1] >= std::chrono::milliseconds(200));
  CHECK(run.counts("spout").failed == 1);
  CHECK(run.reported("failed for good after 3 attempts: bolt#0: never"));
}

TEST_CASE("Contract 8: a spout that replays itself is told of each failure, its attempt, and which is the last") {
  Told told;
  SpoutScript spout;
  Signal again;
  std::vector<MessageId> failed;
  std::size_t done = 0;
  spout.next = [&, n = MessageId{0}](SpoutCollector& out, Context&) mutable {
    if (n < 4) {
      out.emit({.id = n, .replay = Replay::spout}, n, "text");
      ++n;
      return Next::emitted();
    }
    std::optional<MessageId> one;
    const bool over = again.read([&] {
      if (!failed.empty()) {
        one = failed.back();
        failed.pop_back();
      }
      return done == 4;
    });
    if (one) out.emit({.id = *one, .replay = Replay::spout}, *one, "text");
    if (one) return Next::emitted();
    return over ? Next::finished() : Next::idle_until_woken();
  };
  told.listen(spout);
  spout.ack = [&, before = spout.ack](MessageId id) {
    before(id);
    again.change([&] { ++done; });
  };
  spout.fail = [&, before = spout.fail](const Failure& f) {
    before(f);
    again.change([&] { f.final ? void(++done) : failed.push_back(f.id); });
  };
  BoltScript bolt;
  std::map<std::int64_t, int> seen;
  bolt.execute = [&](const Tuple& t, Collector& out) {
    const auto n = t.get<std::int64_t>(0);
    ++seen[n];
    n == 3 || seen[n] <= n ? out.fail(t, "again") : out.ack(t);
  };
  EngineRun run(pair_of(spout, bolt, "topology.max.attempts: 4"));
  REQUIRE(run_to_end(run));
  CHECK(told.acks == std::map<MessageId, int>{{0, 1}, {1, 1}, {2, 1}});
  CHECK(told.fails[2].size() == 2);
  REQUIRE(told.fails[3].size() == 4);
  for (std::uint32_t i = 0; i < 4; ++i) {
    CHECK(told.fails[3][i].attempt == i + 1);
    CHECK(told.fails[3][i].final == (i == 3));
  }
  CHECK(run.counts("spout").roots == 4);
  CHECK(run.counts("spout").replayed == 1 + 2 + 3);
  CHECK(run.counts("spout").failed == 1);
}

TEST_CASE("Contract 8: what the engine keeps for replay is bounded in bytes: next() waits") {
  Told told;
  constexpr std::uint64_t kText = 10000, kBound = 100000;
  Signal state;
  std::uint64_t emitted = 0;
  SpoutScript spout;
  spout.next = [&](SpoutCollector& out, Context&) {
    std::uint64_t n = 0;
    state.change([&] { n = emitted++; });
    out.emit({.id = n}, n, std::string(kText, 't'));
    return emitted == 200 ? Next::finished() : Next::emitted();
  };
  told.listen(spout);
  BoltScript bolt;
  std::vector<KeptTuple> kept;
  std::uint64_t most = 0, passed = 0;
  bolt.execute = [&](const Tuple& t, Collector&) {
    state.change([&] {
      kept.push_back(t.keep());
      most = std::max(most, emitted - passed);
    });
  };
  bolt.tick = [&](TimePoint, Collector& out) {
    state.change([&] {
      passed += kept.size();
      for (KeptTuple& k : kept) out.ack(std::move(k));
      kept.clear();
    });
  };
  EngineRun run(pair_of(spout, bolt, "topology.replay.max.bytes: " + std::to_string(kBound), "Ticker"));
  REQUIRE(run_to_end(run));
  CHECK(told.acks.size() == 200);
  CHECK(most <= kBound / kText + 64);  // the running call may go a little beyond
  CHECK(most < 150);
}

TEST_CASE(
    "Contract 15: a task that keeps more than topology.task.max.kept.bytes gets no input, still ticks, and says so") {
  Told told;
  SpoutScript spout = numbers(3000);
  told.listen(spout);
  BoltScript bolt;
  Signal state;
  std::vector<KeptTuple> kept;
  std::size_t executed = 0, ticks = 0, largest = 0;
  bool release = false;
  bolt.execute = [&](const Tuple& t, Collector&) {
    state.change([&] {
      ++executed;
      kept.push_back(t.keep());
      largest = std::max(largest, kept.size());
    });
  };
  bolt.tick = [&](TimePoint, Collector& out) {
    state.change([&] {
      ++ticks;
      if (!release) return;
      for (KeptTuple& k : kept) out.ack(std::move(k));
      kept.clear();
    });
  };
  // Small batches: input is refused between batches.
  EngineRun run(pair_of(spout, bolt, "topology.task.max.kept.bytes: 4096, topology.batch.bytes: 1024", "Ticker"));
  run.start();
  std::size_t first_ticks = 0;
  REQUIRE(state.wait([&] { return executed * 40 > 4096; }));
  const std::size_t stalled_at = state.read([&] {
    first_ticks = ticks;
    return executed;
  });
  REQUIRE(state.wait([&] { return ticks >= first_ticks + 5; }));
  CHECK(state.read([&] { return executed; }) <= stalled_at + 150);  // the batch that it had begun
  CHECK(run.reported("stalled: keeps too much"));
  state.change([&] { release = true; });
  REQUIRE(run.finish());
  run.stop();
  CHECK(told.acks.size() == 3000);
  CHECK(largest < 300);
}

}  // namespace
}  // namespace gale::test
