// SPDX-License-Identifier: Apache-2.0
//
// Who runs when, in a running engine (contract 9 and 13): user code that sleeps, threads of one's own, wake-ups, rest.
#include "tests/contract/engine_run.hpp"

#include <doctest/doctest.h>
#include <pthread.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include <algorithm>
#include <atomic>
#include <ctime>
#include <set>
#include <string>
#include <thread>
#include <vector>

namespace gale::test {
namespace {

using std::chrono::microseconds;
using std::chrono::milliseconds;

TimePoint now() { return std::chrono::steady_clock::now(); }

TEST_CASE("Contract 13: bolts whose user code stands still stall no neighbour, with one thread for all") {
  Signal gate;
  bool open = false;
  std::atomic<int> asleep{0};
  BoltScript sleeper, quick;
  sleeper.execute = [&](const Tuple& t, Collector& out) {
    ++asleep;
    gate.wait([&] { return open; });
    out.ack(t);
  };
  constexpr std::uint64_t kMany = 20'000;
  std::atomic<std::uint64_t> done{0};
  quick.execute = [&](const Tuple& t, Collector& out) {
    ++done;
    out.ack(t);
  };
  const SpoutScript few = numbers(40);
  SpoutScript many = numbers(kMany);
  many.next = [&, next = many.next](SpoutCollector& out, Context& context) {
    return asleep < 4 ? Next::idle_until(context.now() + milliseconds(1)) : next(out, context);  // all stand still
  };
  EngineRun run(
      "name: sleepers\nplugins: [scripted]\nspouts:\n  - {id: few, className: scripted.Source, properties: {" +
          at(few) + "}}\n  - {id: many, className: scripted.Source, properties: {" + at(many) +
          "}}\nbolts:\n  - {id: sleeper, className: scripted.Step, parallelism: 4, properties: {" + at(sleeper) +
          "}}\n  - {id: quick, className: scripted.Step, properties: {" + at(quick) +
          "}}\nstreams:\n  - {from: few, to: sleeper, grouping: {type: SHUFFLE}}\n"
          "  - {from: many, to: quick, grouping: {type: SHUFFLE}}\n",
      1);
  run.start();
  CHECK(run.eventually([&] { return done == kMany; }));
  CHECK(asleep <= 4);  // none has come back yet
  gate.change([&] { open = true; });
  REQUIRE(run.finish());
  run.stop();
}

TEST_CASE("Contract 13: a pinned component has one thread from open to close, which bears its name") {
  struct Seen {
    std::set<std::thread::id> threads;
    std::string name;
  };
  Seen spout_seen, bolt_seen;
  const auto note = [](Seen& seen) {
    seen.threads.insert(std::this_thread::get_id());
    char room[16];
    ::pthread_getname_np(::pthread_self(), room, sizeof room);
    seen.name = room;
  };
  SpoutScript spout = numbers(5000);
  spout.open = [&](Context&) { note(spout_seen); };
  spout.next = [&, next = spout.next](SpoutCollector& out, Context& context) {
    note(spout_seen);
    return next(out, context);
  };
  spout.ack = [&](MessageId) { note(spout_seen); };
  spout.close = [&] { note(spout_seen); };
  BoltScript bolt;
  bolt.open = [&](Context&) { note(bolt_seen); };
  bolt.execute = [&](const Tuple& t, Collector& out) {
    note(bolt_seen);
    out.ack(t);
  };
  bolt.tick = [&](TimePoint, Collector&) { note(bolt_seen); };
  bolt.close = [&] { note(bolt_seen); };
  EngineRun run(
      "name: pinned\nplugins: [scripted]\nspouts:\n"
      "  - {id: spout, className: scripted.Source, threading: pinned, properties: {" +
      at(spout) + "}}\nbolts:\n  - {id: bolt, className: scripted.Ticker, threading: pinned, properties: {" + at(bolt) +
      "}}\nstreams:\n  - {from: spout, to: bolt, grouping: {type: SHUFFLE}}\n");
  REQUIRE(run_to_end(run));
  CHECK(run.counts("spout").acked == 5000);
  CHECK(spout_seen.threads.size() == 1);
  CHECK(bolt_seen.threads.size() == 1);
  CHECK(spout_seen.threads != bolt_seen.threads);
  CHECK(spout_seen.name == "spout#0");
  CHECK(bolt_seen.name == "bolt#0");
}

Duration cpu_time() {
  timespec t{};
  ::clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &t);
  return std::chrono::seconds(t.tv_sec) + std::chrono::nanoseconds(t.tv_nsec);
}

TEST_CASE("Contract 9: a thousand idle tasks use no CPU, and wake when there is something") {
  SpoutScript spout;
  std::atomic<bool> go{false};
  Signal wakers_signal;
  std::vector<Waker> wakers;
  spout.open = [&](Context& context) { wakers_signal.change([&] { wakers.push_back(context.waker()); }); };
  spout.next = [&](SpoutCollector& out, Context&) {
    if (!go) return Next::idle_until_woken();
    out.emit(1, "awake");
    return Next::finished();
  };
  BoltScript bolt;
  std::atomic<int> executed{0};
  bolt.execute = [&](const Tuple& t, Collector& out) {
    ++executed;
    out.ack(t);
  };
  EngineRun run(
      "name: idle\nplugins: [scripted]\nspouts:\n"
      "  - {id: spout, className: scripted.Source, parallelism: 800, properties: {" +
      at(spout) + "}}\nbolts:\n  - {id: bolt, className: scripted.Step, parallelism: 200, properties: {" + at(bolt) +
      "}}\nstreams:\n  - {from: spout, to: bolt, grouping: {type: SHUFFLE}}\n");
  run.start();
  REQUIRE(wakers_signal.wait([&] { return wakers.size() == 800; }));
  Signal never;
  bool rests = false;  // once the first turns are over, and the monitor's second
  for (int i = 0; i < 60 && !rests; ++i) {
    const Duration before = cpu_time();
    never.wait([] { return false; }, milliseconds(500));
    rests = cpu_time() - before < microseconds(2500);  // 0.5 % of a core
  }
  CHECK(rests);
  go = true;
  for (const Waker& waker : wakers) waker.wake();
  REQUIRE(run.finish());
  run.stop();
  CHECK(executed == 800);
}

TEST_CASE("Contract 9: a spout that waits on a file descriptor wakes within a millisecond") {
  const int fd = ::eventfd(0, EFD_NONBLOCK | EFD_CLOEXEC);
  SpoutScript spout;
  Signal signal;
  std::uint64_t seen = 0;
  std::vector<Duration> delays;
  TimePoint written{};
  constexpr std::size_t kTimes = 101;
  spout.open = [&](Context& context) { context.watch_fd(fd); };
  spout.next = [&](SpoutCollector&, Context&) {
    std::uint64_t count = 0;
    if (::read(fd, &count, sizeof count) != sizeof count) return Next::idle_until_woken();
    signal.change([&] {
      delays.push_back(now() - written);
      ++seen;
    });
    return delays.size() == kTimes ? Next::finished() : Next::idle_until_woken();
  };
  const BoltScript bolt;
  EngineRun run(pair_of(spout, bolt));
  run.start();
  for (std::size_t i = 0; i < kTimes; ++i) {
    signal.wait([] { return false; }, milliseconds(2));  // all asleep
    signal.change([&] { written = now(); });
    const std::uint64_t one = 1;
    REQUIRE(::write(fd, &one, sizeof one) == sizeof one);
    REQUIRE(signal.wait([&] { return seen == i + 1; }));
  }
  REQUIRE(run.finish());
  run.stop();
  ::close(fd);
  std::sort(delays.begin(), delays.end());
  MESSAGE("median " << std::chrono::duration_cast<microseconds>(delays[kTimes / 2]).count() << " us");
  CHECK(delays[kTimes / 2] < milliseconds(1));
}

}  // namespace
}  // namespace gale::test
