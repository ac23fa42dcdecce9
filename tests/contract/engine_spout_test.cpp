// SPDX-License-Identifier: Apache-2.0
//
// The contract of a spout's next() in a running engine: what it may say, who wakes it, and that nothing spins (contract
// 9, 13), and of time: timeouts, slow roots, ticks.
#include "tests/contract/engine_run.hpp"

#include <doctest/doctest.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include <ctime>
#include <optional>
#include <thread>

namespace gale::test {
namespace {

using std::chrono::milliseconds;

TimePoint now() { return std::chrono::steady_clock::now(); }

/// CPU time of this whole process.
Duration cpu() {
  timespec t{};
  ::clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &t);
  return std::chrono::seconds(t.tv_sec) + std::chrono::nanoseconds(t.tv_nsec);
}

TEST_CASE("Contract 9: idle_until runs next() at that time and not before") {
  SpoutScript spout;
  std::vector<TimePoint> due, ran;
  spout.next = [&](SpoutCollector& out, Context& c) {
    ran.push_back(c.now());
    if (ran.size() == 6) return Next::finished();
    out.emit(1, "x");
    due.push_back(c.now() + milliseconds(5));
    return Next::idle_until(due.back());
  };
  BoltScript bolt;
  EngineRun run(pair_of(spout, bolt));
  REQUIRE(run_to_end(run));
  REQUIRE(ran.size() == 6);
  for (std::size_t i = 0; i < due.size(); ++i) CHECK(ran[i + 1] >= due[i]);
}

TEST_CASE("Contract 9: a waker that fires during next() is not lost") {
  SpoutScript spout;
  int calls = 0;
  spout.next = [&](SpoutCollector&, Context& c) {
    if (++calls == 1000) return Next::finished();
    c.waker().wake();
    return Next::idle_until_woken();
  };
  BoltScript bolt;
  EngineRun run(pair_of(spout, bolt));
  REQUIRE(run_to_end(run));
  CHECK(calls == 1000);
}

TEST_CASE("Contract 9: no wake from another thread is lost, whenever it comes") {
  SpoutScript spout;
  std::atomic<int> items{0};
  std::optional<Waker> waker;
  int taken = 0;
  spout.open = [&](Context& c) { waker = c.waker(); };
  spout.next = [&](SpoutCollector& out, Context&) {
    if (taken == 2000) return Next::finished();
    if (items.load() == taken) return Next::idle_until_woken();
    out.emit(taken++, "x");
    return Next::emitted();
  };
  BoltScript bolt;
  EngineRun run(pair_of(spout, bolt));
  run.start();
  std::thread giver([&] {
    for (int i = 0; i < 2000; ++i) {
      ++items;
      waker->wake();
      for (int spin = i % 97 * 40; spin > 0; --spin) std::atomic_signal_fence(std::memory_order_seq_cst);
    }
  });
  giver.join();
  REQUIRE(run.finish());
  run.stop();
  CHECK(taken == 2000);
}

TEST_CASE("Contract 9: a waker ends idle_until early, too: next() runs soon") {
  SpoutScript spout;
  Signal state;
  bool idle = false;
  std::optional<Waker> waker;
  int calls = 0;
  spout.open = [&](Context& c) { waker = c.waker(); };
  spout.next = [&](SpoutCollector&, Context& c) {
    if (++calls == 2) return Next::finished();
    state.change([&] { idle = true; });
    return Next::idle_until(c.now() + std::chrono::hours(1));
  };
  BoltScript bolt;
  EngineRun run(pair_of(spout, bolt));
  run.start();
  REQUIRE(state.wait([&] { return idle; }));
  waker->wake();
  CHECK(run.finish(std::chrono::seconds(10)));
  run.stop();
}

TEST_CASE("Contract 9: a next() that emits nothing is asked again, ever more rarely, at least every 100 ms") {
  SpoutScript spout;
  std::vector<TimePoint> ran;
  spout.next = [&](SpoutCollector&, Context& c) {
    ran.push_back(c.now());
    return ran.size() == 8 ? Next::finished() : Next::emitted();
  };
  BoltScript bolt;
  EngineRun run(pair_of(spout, bolt));
  REQUIRE(run_to_end(run));
  REQUIRE(ran.size() == 8);
  CHECK(ran[1] - ran[0] >= milliseconds(1));
  CHECK(ran[7] - ran[6] >= milliseconds(60));
}

TEST_CASE("Contract 9: a watched file descriptor runs next() when it is readable") {
  SpoutScript spout;
  const int fd = ::eventfd(0, EFD_NONBLOCK | EFD_CLOEXEC);
  std::uint64_t sum = 0;
  Signal state;
  spout.open = [&](Context& c) { c.watch_fd(fd); };
  spout.next = [&](SpoutCollector& out, Context&) {
    std::uint64_t n = 0;
    if (::read(fd, &n, sizeof n) != sizeof n) return Next::idle_until_woken();
    state.change([&] { sum += n; });
    out.emit(static_cast<std::int64_t>(n), "x");
    return sum == 300 ? Next::finished() : Next::idle_until_woken();
  };
  BoltScript bolt;
  EngineRun run(pair_of(spout, bolt));
  run.start();
  for (std::uint64_t i = 1; i <= 300; ++i) {
    const std::uint64_t one = 1;
    REQUIRE(::write(fd, &one, sizeof one) == sizeof one);
    if (i % 10 == 0) CHECK(state.wait([&] { return sum == i; }));
  }
  REQUIRE(run.finish());
  run.stop();
  ::close(fd);
}

TEST_CASE("Contract 9: a bolt cannot watch a file descriptor, since no call of it would read it: it does not start") {
  SpoutScript spout = numbers(1);
  BoltScript bolt;
  bolt.open = [](Context& c) { c.watch_fd(0); };
  EngineRun run(pair_of(spout, bolt));
  CHECK(run.try_start() == "bolt#0: open: cannot watch file descriptor 0");
}

TEST_CASE("Nothing spins: a spout whose slots are all taken leaves a readable file descriptor alone") {
  SpoutScript spout;
  const int fd = ::eventfd(1, EFD_NONBLOCK | EFD_CLOEXEC);  // readable, and nobody reads it
  spout.open = [&](Context& c) { c.watch_fd(fd); };
  spout.next = [n = MessageId{0}](SpoutCollector& out, Context&) mutable {
    if (n == 3) return Next::finished();
    out.emit({.id = n}, n, "x");
    ++n;
    return Next::emitted();
  };
  BoltScript bolt;
  Signal state;
  std::vector<KeptTuple> kept;
  bolt.execute = [&](const Tuple& t, Collector&) { state.change([&] { kept.push_back(t.keep()); }); };
  EngineRun run(pair_of(spout, bolt, "topology.max.spout.pending: 2"));
  run.start();
  REQUIRE(state.wait([&] { return kept.size() == 2; }));
  const Duration before = cpu();
  CHECK_FALSE(run.finish(milliseconds(200)));
  CHECK(cpu() - before < milliseconds(60));
  state.change([&] { std::vector<KeptTuple>(std::move(kept)).clear(); });  // forgotten: replayed, and kept again
  REQUIRE(state.wait([&] { return kept.size() >= 2; }));
  run.stop();
  kept.clear();
  ::close(fd);
}

TEST_CASE("Nothing spins: while a throwing next() is backed off, a readable file descriptor waits with it") {
  SpoutScript spout;
  const int fd = ::eventfd(1, EFD_NONBLOCK | EFD_CLOEXEC);
  int calls = 0;
  spout.open = [&](Context& c) { c.watch_fd(fd); };
  spout.next = [&](SpoutCollector&, Context&) {
    if (++calls == 6) return Next::finished();
    throw Error("asked to throw");
  };
  BoltScript bolt;
  EngineRun run(pair_of(spout, bolt));
  const Duration before = cpu();
  REQUIRE(run_to_end(run));  // 10 + 20 + 40 + 80 + 160 ms
  CHECK(cpu() - before < milliseconds(100));
  CHECK(run.counts("spout").thrown == 5);
  ::close(fd);
}

TEST_CASE("Nothing spins: an idle topology uses next to no CPU, and still wakes") {
  SpoutScript spout;
  std::optional<Waker> waker;
  std::atomic<bool> over{false};
  spout.open = [&](Context& c) { waker = c.waker(); };
  spout.next = [&](SpoutCollector&, Context&) { return over ? Next::finished() : Next::idle_until_woken(); };
  BoltScript bolt;
  EngineRun run(pair_of(spout, bolt));
  run.start();
  CHECK_FALSE(run.finish(std::chrono::seconds(2)));  // the monitor lingers for a second
  const Duration before = cpu();
  CHECK_FALSE(run.finish(milliseconds(200)));
  CHECK(cpu() - before < milliseconds(10));
  over = true;
  waker->wake();
  REQUIRE(run.finish());
  run.stop();
}

TEST_CASE(
    "Contract 13: tick runs every period on the task's turn, late rather than twice, and its emits are unanchored") {
  SpoutScript spout;
  spout.next = [](SpoutCollector&, Context& c) { return Next::idle_until(c.now() + std::chrono::hours(1)); };
  BoltScript bolt;
  Signal state;
  std::vector<TimePoint> ticks;
  bolt.tick = [&](TimePoint at, Collector&) {
    std::size_t n = 0;
    state.change([&] {
      ticks.push_back(at);
      n = ticks.size();
    });
    if (n == 3) {  // a tick that takes three periods
      const TimePoint until = now() + milliseconds(17);
      while (now() < until) {
      }
    }
  };
  EngineRun run(pair_of(spout, bolt, "", "Ticker"));
  run.start();
  REQUIRE(state.wait([&] { return ticks.size() == 10; }));
  run.worker().drain();
  REQUIRE(run.finish());
  run.stop();
  for (std::size_t i = 1; i < 10; ++i) {
    const bool late = i == 4;  // the one after the long tick may come closer to its predecessor's schedule
    CHECK((ticks[i] - ticks[i - 1] > milliseconds(0) || late));
  }
  CHECK(ticks[3] - ticks[2] >= milliseconds(17));
  CHECK(ticks[9] - ticks[0] >= milliseconds(17 + 7 * 5 - 5));
}

TEST_CASE("A root that user code sits on fails as timed out after topology.message.timeout.secs, not before") {
  Told told;
  SpoutScript spout = numbers(1);
  told.listen(spout);
  BoltScript bolt;
  std::optional<KeptTuple> kept;
  TimePoint seen{}, failed{};
  bolt.execute = [&](const Tuple& t, Collector&) {
    seen = now();
    kept.emplace(t.keep());
  };
  spout.fail = [&, before = spout.fail](const Failure& f) {
    failed = now();
    before(f);
  };
  EngineRun run(pair_of(spout, bolt, "topology.max.attempts: 1, topology.message.timeout.secs: 0.2"));
  run.start();
  REQUIRE(told.signal.wait([&] { return !told.fails.empty(); }));
  CHECK(told.fails[0].at(0).reason.find("timed out") != std::string::npos);
  CHECK(failed - seen >= milliseconds(195));
  CHECK(run.counts("spout").timed_out == 1);
  std::move(*kept).ack();  // too late: stale, counted, and harmless
  REQUIRE(run.finish());
  CHECK(run.eventually([&] { return run.counts("spout").stale_acks == 1; }));
  run.stop();
  CHECK(told.acks.empty());
}

TEST_CASE("A bolt whose execute does not return is named, and its tuple times out") {
  Told told;
  SpoutScript spout = numbers(1);
  told.listen(spout);
  Signal gate;
  bool open = false;
  BoltScript bolt;
  bolt.execute = [&](const Tuple& t, Collector& out) {
    gate.wait([&] { return open; });
    out.ack(t);
  };
  EngineRun run(pair_of(spout, bolt, "topology.max.attempts: 1, topology.message.timeout.secs: 0.2"));
  run.start();
  REQUIRE(told.signal.wait([&] { return !told.fails.empty(); }));
  CHECK(told.fails[0].at(0).reason.find("timed out") != std::string::npos);
  CHECK(run.eventually([&] {
    return run.reported("bolt#0: one call of its code has not returned for 0.2 s (topology.message.timeout.secs)");
  }));
  gate.change([&] { open = true; });
  REQUIRE(run.finish());
  run.stop();
  std::size_t told_of_it = 0;
  for (const std::string& e : run.errors()) told_of_it += e.find("has not returned") != std::string::npos ? 1 : 0;
  CHECK(told_of_it == 1);
}

TEST_CASE("Contract 15: what is kept beyond the message timeout lives as long as it is touched") {
  Told told;
  SpoutScript spout = numbers(2);
  told.listen(spout);
  BoltScript bolt;
  std::vector<KeptTuple> kept;
  TimePoint seen{};
  bolt.execute = [&](const Tuple& t, Collector&) {
    if (kept.empty()) seen = now();
    kept.push_back(t.keep());
  };
  bolt.tick = [&](TimePoint time, Collector& out) {
    if (kept.size() != 2) return;
    out.touch(kept[0]);  // the second is not
    if (time - seen > milliseconds(2500)) {
      out.ack(std::move(kept[0]));
      out.ack(std::move(kept[1]));
      kept.clear();
    }
  };
  EngineRun run(pair_of(spout, bolt, "topology.max.attempts: 1, topology.message.timeout.secs: 1", "Ticker"));
  REQUIRE(run_to_end(run));
  CHECK(told.acks == std::map<MessageId, int>{{0, 1}});
  REQUIRE(told.fails.size() == 1);
  CHECK(told.fails[1].at(0).reason.find("timed out") != std::string::npos);
}

TEST_CASE("With topology.acker.executors: 0 tracked tuples are acked when emitted, and nothing is replayed") {
  for (const Replay replay : {Replay::engine, Replay::spout}) {
    Told told;
    SpoutScript spout = numbers(5000, replay);
    told.listen(spout);
    BoltScript bolt;
    std::atomic<std::uint64_t> executed{0};
    bolt.execute = [&](const Tuple& t, Collector& out) {
      ++executed;
      if (t.get<int>(0) % 2 == 0) throw Error("no matter");
      out.ack(t);
    };
    EngineRun run(pair_of(spout, bolt, "topology.acker.executors: 0, topology.max.spout.pending: 64"));
    REQUIRE(run_to_end(run));
    CHECK(told.acks.size() == 5000);
    CHECK(told.fails.empty());
    CHECK(executed == 5000);
    CHECK(run.counts("spout").replayed == 0);
    CHECK(run.counts("bolt").failed == 2500);
  }
}

TEST_CASE(
    "Contract 8: what failed for good goes to the dead letters, if somebody reads them, and is acked with its letter") {
  Told told;
  SpoutScript spout = numbers(20);
  told.listen(spout);
  BoltScript bolt, sink;
  bolt.execute = [](const Tuple& t, Collector& out) {
    if (t.get<int>(0) % 5 == 0) return out.fail(t, "no fives");
    out.ack(t);
  };
  Signal signal;
  std::vector<std::string> letters;
  int refused = 0;
  sink.execute = [&](const Tuple& t, Collector& out) {
    if (t.get<Value>("values").get<Value::Array>().at(0) == Value(5) && refused++ == 0) return out.fail(t, "not now");
    signal.change([&] {
      const auto values = t.get<Value>("values").get<Value::Array>();
      letters.push_back(t.get<std::string>("origin") + " " + t.get<std::string>("stream") + " " +
                        t.get<std::string>("reason") + " " + std::to_string(t.get<int>("attempts")) + " " +
                        std::to_string(values.at(0).get<std::int64_t>()) + " " + values.at(1).get<std::string>());
    });
    out.ack(t);
  };
  const std::string yaml = pair_of(spout, bolt, "topology.max.attempts: 2") +
                           "  - {from: __dead_letters, to: sink, grouping: {type: GLOBAL}}\n";
  const std::string bolts = "bolts:\n";
  std::string with_sink = yaml;
  with_sink.insert(with_sink.find(bolts) + bolts.size(),
                   "  - {id: sink, className: scripted.Step, properties: {" + at(sink) + "}}\n");
  EngineRun run(with_sink);
  REQUIRE(run_to_end(run));
  std::sort(letters.begin(), letters.end());
  CHECK(letters == std::vector<std::string>{
                       "spout default bolt#0: no fives 2 0 text", "spout default bolt#0: no fives 2 10 text",
                       "spout default bolt#0: no fives 2 15 text", "spout default bolt#0: no fives 2 5 text"});
  CHECK(told.acks.size() == 20);
  CHECK(told.fails.empty());
  CHECK(run.counts("spout").dead_letters == 4);
  CHECK(run.counts("spout").failed == 0);
}

TEST_CASE("Contract 8: a dead letter that always fails is told to the spout as a failure for good") {
  Told told;
  SpoutScript spout = numbers(1);
  told.listen(spout);
  BoltScript bolt;
  std::atomic<int> letters{0};
  bolt.execute = [&](const Tuple& t, Collector& out) {
    letters += t.stream() == "__dead_letters" ? 1 : 0;
    out.fail(t, "never");
  };
  const std::string yaml = pair_of(spout, bolt, "topology.max.attempts: 2") +
                           "  - {from: __dead_letters, to: bolt, grouping: {type: GLOBAL}}\n";
  EngineRun run(yaml);
  REQUIRE(run_to_end(run));
  CHECK(letters == 2);
  REQUIRE(told.fails[0].size() == 1);
  CHECK(told.fails[0][0].final);
  CHECK(told.fails[0][0].attempt == 4);
  CHECK(run.counts("spout").failed == 1);
}

TEST_CASE("Contract 7: slow is not lost: what waits in front of a slow bolt is touched and does not time out") {
  Told told;
  SpoutScript spout = numbers(12);
  told.listen(spout);
  BoltScript bolt;
  bolt.execute = [](const Tuple& t, Collector& out) {
    const TimePoint until = now() + milliseconds(50);
    while (now() < until) {
    }
    out.ack(t);
  };
  EngineRun run(pair_of(spout, bolt, "topology.max.attempts: 1, topology.message.timeout.secs: 0.3"));
  REQUIRE(run_to_end(run));
  CHECK(told.fails.empty());
  CHECK(told.acks.size() == 12);
}

TEST_CASE("One root that is never acked does not slow the others") {
  Told told;
  constexpr std::uint64_t kCount = 200000;
  SpoutScript spout = numbers(kCount, Replay::spout);
  std::atomic<std::uint64_t> acked{0};
  spout.ack = [&](MessageId) { ++acked; };
  BoltScript bolt;
  Signal state;
  std::optional<KeptTuple> first;
  bolt.execute = [&](const Tuple& t, Collector& out) {
    if (t.get<std::int64_t>(0) == 0) return state.change([&] { first.emplace(t.keep()); });
    out.ack(t);
  };
  EngineRun run(pair_of(spout, bolt, "topology.max.spout.pending: 512"));  // a ring of 512 would stall at once
  run.start();
  CHECK(run.eventually([&] { return acked == kCount - 1; }));
  CHECK(run.counts("spout").pending == 1);
  std::move(*first).ack();
  REQUIRE(run.finish());
  run.stop();
  CHECK(acked == kCount);
}

TEST_CASE("Contract 2: a spout without a free slot is not asked, and goes on when one comes free") {
  SpoutScript spout = numbers(5000);
  std::atomic<std::uint64_t> emitted{0}, answered{0}, most{0};
  spout.next = [&, inner = spout.next](SpoutCollector& out, Context& c) {
    const Next said = inner(out, c);
    most = std::max<std::uint64_t>(most, ++emitted - answered);
    return said;
  };
  spout.ack = [&](MessageId) { ++answered; };
  BoltScript bolt;
  EngineRun run(pair_of(spout, bolt, "topology.max.spout.pending: 16"));
  REQUIRE(run_to_end(run));
  CHECK(answered == 5000);
  CHECK(most <= 17);  // the last call only says that it has finished
}

TEST_CASE("drain() ends a run: the spout is deactivated, what is pending completes, and END goes out") {
  Told told;
  SpoutScript spout = numbers(1u << 30);
  std::atomic<bool> deactivated{false};
  spout.deactivate = [&] { deactivated = true; };
  std::atomic<std::uint64_t> acked{0};
  spout.ack = [&](MessageId) { ++acked; };
  BoltScript bolt;
  std::atomic<int> finished{0};
  bolt.finish = [&](Collector&) {
    ++finished;
    return true;
  };
  EngineRun run(pair_of(spout, bolt));
  run.start();
  REQUIRE(run.eventually([&] { return acked >= 1000; }));
  run.worker().drain();
  REQUIRE(run.finish());
  run.stop();
  CHECK(deactivated);
  CHECK(finished == 1);
  CHECK(run.counts("spout").roots == acked);
  CHECK(run.counts("spout").pending == 0);
}

}  // namespace
}  // namespace gale::test
