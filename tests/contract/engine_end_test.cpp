// SPDX-License-Identifier: Apache-2.0
//
// The contract of ends and throws in a running engine (contract 10-12, 14): END, finish, close, and each call that
// throws.
#include "tests/contract/engine_run.hpp"

#include <doctest/doctest.h>

#include <mutex>
#include <optional>
#include <thread>

namespace gale::test {
namespace {

const std::string kOnce = "topology.max.attempts: 1";

/// Two spouts -> bolt -> sink.
std::string two_sources(const SpoutScript& a, const SpoutScript& b, const BoltScript& bolt, const BoltScript& sink,
                        const std::string& config = "") {
  return "name: two\nplugins: [scripted]\nconfig: {" + config +
         "}\nspouts:\n  - {id: a, className: scripted.Source, properties: {" + at(a) +
         "}}\n  - {id: b, className: scripted.Source, properties: {" + at(b) +
         "}}\nbolts:\n  - {id: bolt, className: scripted.Ticker, properties: {" + at(bolt) +
         "}}\n  - {id: sink, className: scripted.Step, properties: {" + at(sink) +
         "}}\nstreams:\n  - {from: a, to: bolt, grouping: {type: SHUFFLE}}\n"
         "  - {from: b, to: bolt, grouping: {type: SHUFFLE}}\n  - {from: bolt, to: sink, grouping: {type: SHUFFLE}}\n";
}

TEST_CASE(
    "Contract 10: finish runs once, when all sources have ended; what it emits arrives before the reader's finish") {
  SpoutScript a = numbers(100), b;
  Signal state;
  std::optional<Waker> waker;
  bool go = false;
  std::vector<std::string> log;
  std::size_t executed = 0;
  b.open = [&](Context& c) { waker = c.waker(); };
  b.next = [&, n = MessageId{0}](SpoutCollector& out, Context&) mutable {
    if (!state.read([&] { return go; })) return Next::idle_until_woken();
    if (n == 50) return Next::finished();
    out.emit({.id = n}, n, "late");
    ++n;
    return Next::emitted();
  };
  BoltScript bolt, sink;
  bolt.execute = [&](const Tuple& t, Collector& out) {
    state.change([&] { ++executed; });
    out.ack(t);
  };
  bolt.finish = [&](Collector& out) {
    state.change([&] { log.push_back("bolt finishes after " + std::to_string(executed)); });
    for (int i = 0; i < 3; ++i) out.emit(i, "final");
    return true;
  };
  bolt.close = [&] { state.change([&] { log.emplace_back("bolt closes"); }); };
  std::size_t arrived = 0;
  sink.execute = [&](const Tuple& t, Collector& out) {
    ++arrived;
    out.ack(t);
  };
  sink.finish = [&](Collector&) {
    state.change([&] { log.push_back("sink finishes after " + std::to_string(arrived)); });
    return true;
  };
  EngineRun run(two_sources(a, b, bolt, sink));
  run.start();
  REQUIRE(state.wait([&] { return executed == 100; }));
  CHECK_FALSE(run.finish(std::chrono::milliseconds(100)));
  CHECK(state.read([&] { return log.empty(); }));
  state.change([&] { go = true; });
  waker->wake();
  REQUIRE(run.finish());
  run.stop();
  CHECK(log == std::vector<std::string>{"bolt finishes after 150", "sink finishes after 3", "bolt closes"});
  CHECK_FALSE(run.results_lost());
}

TEST_CASE("Contract 10: END waits for the roots: a replay never meets a bolt that has said its last words") {
  Told told;
  SpoutScript spout = numbers(20);
  told.listen(spout);
  BoltScript bolt;
  std::map<std::int64_t, int> seen;
  std::atomic<int> finished{0}, after{0};
  bolt.execute = [&](const Tuple& t, Collector& out) {
    if (finished != 0) ++after;
    ++seen[t.get<std::int64_t>(0)] == 1 ? out.fail(t, "the first time") : out.ack(t);
  };
  bolt.finish = [&](Collector&) {
    ++finished;
    return true;
  };
  EngineRun run(pair_of(spout, bolt));
  REQUIRE(run_to_end(run));
  CHECK(told.acks.size() == 20);
  CHECK(finished == 1);
  CHECK(after == 0);
  CHECK(run.counts("bolt").late == 0);
}

TEST_CASE("Contract 14: finish that says false is called again when its emits are delivered, until it has said all") {
  SpoutScript spout = numbers(1);
  BoltScript bolt, sink;
  std::atomic<int> calls{0};
  bolt.finish = [&](Collector& out) {
    for (int i = 0; i < 100; ++i) out.emit(i, std::string(1000, 'f'));  // more in all than an inbox holds
    return ++calls == 50;
  };
  std::size_t arrived = 0;
  sink.execute = [&](const Tuple& t, Collector& out) {
    arrived += t.get<std::string_view>(1).size() == 1000;
    out.ack(t);
  };
  EngineRun run(chain(spout, {&bolt, &sink}));
  REQUIRE(run_to_end(run));
  CHECK(calls == 50);
  CHECK(arrived == 5000);
}

TEST_CASE(
    "Contract 14: finish that says false and emits nothing is asked again after a tick or a job, and does not spin") {
  SpoutScript spout = numbers(1);
  BoltScript bolt, sink;
  std::atomic<int> finishes{0}, ticks{0};
  bolt.finish = [&](Collector&) {
    ++finishes;
    return ticks >= 3;
  };
  bolt.tick = [&](TimePoint, Collector&) { ++ticks; };
  EngineRun run(pair_of(spout, bolt, "", "Ticker"));
  REQUIRE(run_to_end(run));
  CHECK(finishes <= ticks + 2);

  BoltScript jobs;
  std::optional<Mailbox> box;
  Signal state;
  int asked = 0;
  bool answered = false;
  jobs.open = [&](Context& c) { box = c.mailbox(); };
  jobs.finish = [&](Collector&) {
    bool done = false;
    state.change([&] {
      ++asked;
      done = answered;
    });
    return done;
  };
  EngineRun other(pair_of(spout = numbers(1), jobs));
  other.start();
  REQUIRE(state.wait([&] { return asked == 1; }));
  CHECK_FALSE(other.finish(std::chrono::milliseconds(50)));
  CHECK(state.read([&] { return asked; }) == 1);
  box->post([&](Collector&) { state.change([&] { answered = true; }); });
  CHECK(other.finish());
  other.stop();
}

TEST_CASE("Contract 14: END waits for kept tuples that finish left to another thread") {
  SpoutScript spout;
  spout.next = [](SpoutCollector& out, Context&) {
    out.emit(1, "untracked");  // so that the spout's END does not wait for it
    return Next::finished();
  };
  BoltScript bolt, sink;
  Signal state;
  std::optional<KeptTuple> kept;
  bool finished = false, ended = false;
  bolt.execute = [&](const Tuple& t, Collector&) { state.change([&] { kept.emplace(t.keep()); }); };
  bolt.finish = [&](Collector&) {
    state.change([&] { finished = true; });
    return true;
  };
  sink.finish = [&](Collector&) {
    state.change([&] { ended = true; });
    return true;
  };
  EngineRun run(chain(spout, {&bolt, &sink}));
  run.start();
  REQUIRE(state.wait([&] { return finished; }));
  CHECK_FALSE(run.finish(std::chrono::milliseconds(50)));
  CHECK_FALSE(state.read([&] { return ended; }));
  std::move(*kept).ack();
  REQUIRE(run.finish());
  run.stop();
  CHECK(ended);
}

TEST_CASE("Contract 12: open that throws: the task does not start, nothing runs, and the text says who and why") {
  for (const std::string where : {"spout", "bolt"}) {
    SpoutScript spout = numbers(1);
    BoltScript bolt;
    const auto refuse = [](Context&) { throw Error("no such broker: tcp://nowhere"); };
    if (where == "spout") spout.open = refuse;
    if (where == "bolt") bolt.open = refuse;
    std::atomic<int> ran{0};
    bolt.execute = [&](const Tuple&, Collector&) { ++ran; };
    EngineRun run(pair_of(spout, bolt));
    CHECK(run.try_start() == where + "#0: open: no such broker: tcp://nowhere");
    run.stop();
    CHECK(ran == 0);
  }
}

TEST_CASE("Contract 12: activate that throws: the task does not start either") {
  SpoutScript spout = numbers(1);
  BoltScript bolt;
  bolt.activate = [] { throw Error("not now"); };
  EngineRun run(pair_of(spout, bolt));
  CHECK(run.try_start() == "bolt#0: activate: not now");
}

TEST_CASE(
    "Contract 12: next that throws is backed off and counted; what it emitted does not leave, what came before does") {
  Told told;
  SpoutScript spout;
  std::vector<TimePoint> throws;
  spout.next = [&, n = MessageId{0}](SpoutCollector& out, Context&) mutable {
    if (n == 30) return Next::finished();
    out.emit({.id = n}, n, "text");
    out.emit(static_cast<std::int64_t>(n), "untracked");
    if (n == 10 && throws.size() < 3) {
      throws.push_back(std::chrono::steady_clock::now());
      throw Error("asked to throw in next");
    }
    ++n;
    return Next::emitted();
  };
  told.listen(spout);
  BoltScript bolt;
  std::atomic<int> arrived{0};
  bolt.execute = [&](const Tuple& t, Collector& out) {
    ++arrived;
    out.ack(t);
  };
  EngineRun run(pair_of(spout, bolt));
  REQUIRE(run_to_end(run));
  CHECK(arrived == 60);
  CHECK(told.acks.size() == 30);
  CHECK(run.counts("spout").thrown == 3);
  CHECK(run.counts("spout").roots == 30);
  REQUIRE(throws.size() == 3);
  CHECK(throws[1] - throws[0] >= std::chrono::milliseconds(10));
  CHECK(throws[2] - throws[1] >= std::chrono::milliseconds(20));
  CHECK(run.reported("next: asked to throw in next"));
}

TEST_CASE("Contract 12: ack and fail that throw are counted and reported; every other answer is still told") {
  Told told;
  SpoutScript spout = numbers(40);
  told.listen(spout);
  spout.ack = [before = spout.ack](MessageId id) {
    before(id);
    throw Error("in ack");
  };
  spout.fail = [before = spout.fail](const Failure& f) {
    before(f);
    throw Error("in fail");
  };
  BoltScript bolt;
  bolt.execute = [](const Tuple& t, Collector& out) { t.get<int>(0) % 2 == 0 ? out.ack(t) : out.fail(t, "odd"); };
  EngineRun run(pair_of(spout, bolt, kOnce));
  REQUIRE(run_to_end(run));
  CHECK(told.acks.size() == 20);
  CHECK(told.fails.size() == 20);
  CHECK(run.counts("spout").acked == 20);
  CHECK(run.counts("spout").failed == 20);
  CHECK(run.counts("spout").thrown >= 21);
  CHECK(run.reported("ack: in ack"));
  CHECK(run.reported("fail: in fail"));
}

TEST_CASE("Contract 12: tick and jobs that throw are dropped, counted and reported; the next ones run") {
  SpoutScript spout = numbers(1);
  BoltScript bolt, sink;
  Signal state;
  int ticks = 0, jobs = 0, arrived = 0;
  std::optional<Mailbox> box;
  bolt.open = [&](Context& c) { box = c.mailbox(); };
  bolt.tick = [&](TimePoint, Collector& out) {
    int n = 0;
    state.change([&] { n = ++ticks; });
    out.emit(n, "tick");
    if (n % 2 == 1) throw Error("an odd tick");
  };
  bolt.finish = [&](Collector&) { return state.read([&] { return ticks >= 4 && jobs == 10; }); };
  sink.execute = [&](const Tuple& t, Collector& out) {
    state.change([&] { arrived += t.get<int>(0) % 2 == 1; });
    out.ack(t);
  };
  std::string yaml = chain(spout, {&bolt, &sink});
  yaml.replace(yaml.find("scripted.Step"), 13, "scripted.Ticker");
  EngineRun run(yaml);
  run.start();
  for (int i = 0; i < 10; ++i) {
    box->post([&](Collector& out) {
      out.emit(1, "job");
      state.change([&] { ++jobs; });
      throw Error("a job");
    });
  }
  REQUIRE(run.finish());
  run.stop();
  CHECK(arrived == 0);
  CHECK(run.counts("bolt0").thrown >= 3);
  CHECK(run.reported("bolt0#0: tick: an odd tick"));
  CHECK(run.reported("bolt0#0: job: a job"));
}

TEST_CASE("Contract 12: finish that throws is reported, END goes out all the same, and final results are lost") {
  SpoutScript spout = numbers(1);
  BoltScript bolt, sink;
  bolt.finish = [](Collector& out) -> bool {
    out.emit(1, "half of it");
    throw Error("disk full");
  };
  std::atomic<int> arrived{0};
  bool ended = false;
  sink.execute = [&](const Tuple& t, Collector& out) {
    if (t.get<std::string_view>(1) == "half of it") ++arrived;
    out.ack(t);
  };
  sink.finish = [&](Collector&) {
    ended = true;
    return true;
  };
  EngineRun run(chain(spout, {&bolt, &sink}));
  REQUIRE(run_to_end(run));
  CHECK(arrived == 0);
  CHECK(ended);
  CHECK(run.reported("bolt0#0: final results lost: finish threw: disk full"));
  CHECK(run.results_lost());
}

TEST_CASE("Contract 12: close that throws is reported and stops nothing") {
  SpoutScript spout = numbers(1);
  BoltScript bolt;
  bolt.close = [] { throw Error("in close"); };
  std::atomic<bool> other{false};
  spout.close = [&] { other = true; };
  EngineRun run(pair_of(spout, bolt));
  REQUIRE(run_to_end(run));
  CHECK(other);
  CHECK(run.reported("bolt#0: close: in close"));
}

TEST_CASE("What is thrown may be anything: an int fails the tuple with a text") {
  Told told;
  SpoutScript spout = numbers(1);
  told.listen(spout);
  BoltScript bolt;
  bolt.execute = [](const Tuple&, Collector&) { throw 42; };
  EngineRun run(pair_of(spout, bolt, kOnce));
  REQUIRE(run_to_end(run));
  CHECK(told.fails[0].at(0).reason == "bolt#0: threw something that is no std::exception");
}

TEST_CASE("A worker stopped in the middle of a full pipeline lets go of everything") {
  for (int round = 0; round < 5; ++round) {
    SpoutScript spout;
    spout.next = [n = MessageId{0}](SpoutCollector& out, Context&) mutable {
      out.emit({.id = n}, n, std::string(500, 's'));
      ++n;
      return Next::emitted();
    };
    BoltScript slow, sink;
    std::atomic<int> executed{0};
    slow.execute = [&](const Tuple& t, Collector& out) {
      const auto until = std::chrono::steady_clock::now() + std::chrono::microseconds(200);
      while (std::chrono::steady_clock::now() < until) {
      }
      out.forward(t);
      out.ack(t);
      ++executed;
    };
    sink.execute = [](const Tuple& t, Collector& out) { out.ack(t); };
    EngineRun run(chain(spout, {&slow, &sink}, "topology.task.inbox.bytes: 16384"));
    run.start();
    REQUIRE(run.eventually([&] { return executed >= 100; }));
    run.stop();
  }
}

TEST_CASE(
    "Many tasks on several threads: every tuple arrives once over two keyed stages, in order per source and key") {
  constexpr std::uint64_t kCount = 30000;
  SpoutScript spout = numbers(kCount);
  std::atomic<std::uint64_t> acked{0};
  spout.ack = [&](MessageId) { ++acked; };
  BoltScript stage, sink;
  stage.execute = [](const Tuple& t, Collector& out) {
    out.emit(t.get<std::int64_t>(0) % 97, std::to_string(t.get<std::int64_t>(0)));
    out.ack(t);
  };
  std::mutex lock;
  std::map<std::int64_t, std::int64_t> last;  // by key
  std::uint64_t arrived = 0, disordered = 0;
  sink.execute = [&](const Tuple& t, Collector& out) {
    const std::int64_t key = t.get<std::int64_t>(0), n = std::stoll(t.get<std::string>(1));
    {
      const std::lock_guard guard(lock);
      ++arrived;
      auto [it, fresh] = last.emplace(key, n);
      disordered += !fresh && it->second >= n;
      it->second = n;
    }
    out.ack(t);
  };
  EngineRun run("name: many\nplugins: [scripted]\nspouts:\n  - {id: spout, className: scripted.Source, properties: {" +
                    at(spout) + "}}\nbolts:\n  - {id: stage, className: scripted.Step, parallelism: 5, properties: {" +
                    at(stage) + "}}\n  - {id: sink, className: scripted.Step, parallelism: 7, properties: {" +
                    at(sink) +
                    "}}\nstreams:\n  - {from: spout, to: stage, grouping: {type: FIELDS, args: [text]}}\n"
                    "  - {from: stage, to: sink, grouping: {type: FIELDS, args: [n]}}\n",
                4);
  REQUIRE(run_to_end(run));
  CHECK(acked == kCount);
  CHECK(arrived == kCount);
  CHECK(disordered == 0);
  CHECK(run.counts("sink").acked == kCount);
}

}  // namespace
}  // namespace gale::test
