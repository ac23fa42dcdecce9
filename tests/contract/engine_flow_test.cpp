// SPDX-License-Identifier: Apache-2.0
//
// Trees and pressure in a running engine: fan-out, diamonds and many anchors (contract 3); bounds on memory (contract
// 4).
#include "tests/contract/engine_run.hpp"

#include <doctest/doctest.h>
#include <unistd.h>

#include <atomic>
#include <fstream>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

namespace gale::test {
namespace {

using std::chrono::milliseconds;

/// spout -> fan -> (left, right) -> leaf, so that each tuple of fan reaches leaf twice.
std::string diamond(const SpoutScript& spout, const BoltScript& fan, const BoltScript& side, const BoltScript& leaf) {
  return "name: diamond\nplugins: [scripted]\nspouts:\n  - {id: spout, className: scripted.Source, properties: {" +
         at(spout) + "}}\nbolts:\n  - {id: fan, className: scripted.Step, parallelism: 2, properties: {" + at(fan) +
         "}}\n  - {id: left, className: scripted.Step, parallelism: 2, properties: {" + at(side) +
         "}}\n  - {id: right, className: scripted.Step, properties: {" + at(side) +
         "}}\n  - {id: leaf, className: scripted.Step, parallelism: 3, properties: {" + at(leaf) +
         "}}\nstreams:\n  - {from: spout, to: fan, grouping: {type: SHUFFLE}}\n"
         "  - {from: fan, to: left, grouping: {type: FIELDS, args: [n]}}\n"
         "  - {from: fan, to: right, grouping: {type: SHUFFLE}}\n"
         "  - {from: left, to: leaf, grouping: {type: SHUFFLE}}\n"
         "  - {from: right, to: leaf, grouping: {type: FIELDS, args: [text]}}\n";
}

TEST_CASE("Contract 3: a root with a fan-out of 64 through a diamond completes with its last leaf, not before") {
  constexpr std::uint64_t kRoots = 300;
  constexpr int kFan = 64;
  Signal signal;
  std::map<std::uint64_t, int> leaves;
  std::uint64_t acked = 0, too_early = 0;
  SpoutScript spout = numbers(kRoots);
  spout.ack = [&](MessageId id) {
    signal.change([&] {
      ++acked;
      too_early += leaves[id] == 2 * kFan ? 0 : 1;
    });
  };
  BoltScript fan, leaf;
  fan.execute = [](const Tuple& t, Collector& out) {
    for (int i = 0; i < kFan; ++i) out.emit(t.get<std::uint64_t>(0), std::to_string(i));
    out.ack(t);
  };
  leaf.execute = [&](const Tuple& t, Collector& out) {
    signal.change([&] { ++leaves[t.get<std::uint64_t>(0)]; });
    out.ack(t);
  };
  const BoltScript side;
  EngineRun run(diamond(spout, fan, side, leaf));
  REQUIRE(run_to_end(run));
  CHECK(acked == kRoots);
  CHECK(too_early == 0);
  CHECK(run.counts("leaf").executed == kRoots * kFan * 2);
}

TEST_CASE("Contract 3: a tuple anchored to many inputs belongs to all of their roots, and fails them all") {
  constexpr std::uint64_t kRoots = 200;
  constexpr std::size_t kJoined = 10;
  Told told;
  SpoutScript spout = numbers(kRoots);
  told.listen(spout);
  BoltScript join, sink;
  std::vector<KeptTuple> kept;
  join.execute = [&](const Tuple& t, Collector& out) {
    kept.push_back(t.keep());
    if (kept.size() < kJoined) return;
    for (std::size_t i = 1; i < kept.size(); ++i)
      out.from(kept[i - 1], kept[i]).emit(t.get<std::uint64_t>(0), "joined");
    for (KeptTuple& one : kept) out.ack(std::move(one));
    kept.clear();
  };
  std::atomic<std::uint64_t> arrived{0};
  sink.execute = [&](const Tuple& t, Collector& out) {
    const bool bad = arrived++ == 20;  // of the third ten: its second pair
    bad ? out.fail(t, "bad pair") : out.ack(t);
  };
  EngineRun run(chain(spout, {&join, &sink}, "topology.max.attempts: 1"));
  REQUIRE(run_to_end(run));
  CHECK(arrived == kRoots / kJoined * (kJoined - 1));
  CHECK(told.fails.size() == 2);  // a pair has two roots
  CHECK(told.acks.size() == kRoots - 2);
}

#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
constexpr bool kSanitized = true;  // what was freed stays resident for a while, and every byte has a shadow
#else
constexpr bool kSanitized = false;
#endif

std::uint64_t rss_bytes() {
  std::ifstream statm("/proc/self/statm");
  std::uint64_t size = 0, resident = 0;
  statm >> size >> resident;
  return resident * static_cast<std::uint64_t>(::sysconf(_SC_PAGESIZE));
}

/// The count when it has not changed for a quarter of a second.
std::uint64_t when_still(const std::atomic<std::uint64_t>& count) {
  std::uint64_t last = 0;
  Signal never;
  for (int still = 0, i = 0; still < 5 && i < 400; ++i) {
    never.wait([] { return false; }, milliseconds(50));
    still = count == last ? still + 1 : 0;
    last = count;
  }
  return last;
}

TEST_CASE("Contract 4: with a reader that has stopped, a fast spout stops too, and memory stays bounded") {
  for (const std::size_t size : {std::size_t{20}, std::size_t{10'000}}) {
    CAPTURE(size);
    Signal gate;
    bool open = false;
    std::atomic<std::uint64_t> emitted{0}, executed{0}, wanted{~std::uint64_t{0}};
    SpoutScript spout;
    spout.next = [&, text = std::string(size, 'x')](SpoutCollector& out, Context&) {
      if (emitted >= wanted) return Next::finished();
      out.emit({.id = emitted}, emitted++, text);
      return Next::emitted();
    };
    BoltScript bolt, sink;
    sink.execute = [&](const Tuple& t, Collector& out) {
      gate.wait([&] { return open; });
      ++executed;
      out.ack(t);
    };
    const std::uint64_t before = rss_bytes();
    EngineRun run(chain(spout, {&bolt, &sink}, "topology.replay.max.bytes: 8388608"));
    run.start();
    const std::uint64_t last = when_still(emitted);
    CHECK(emitted == last);
    CHECK(emitted * (size + 32) < 32u << 20);
    if (!kSanitized) CHECK(rss_bytes() - std::min(before, rss_bytes()) < 64u << 20);
    wanted = last;
    gate.change([&] { open = true; });
    REQUIRE(run.finish());
    run.stop();
    CHECK(executed == emitted);
    CHECK(run.counts("spout").acked == emitted);
  }
}

TEST_CASE("Contract 15: what outboxes hold is the worker's: fifty spouts in front of one stopped reader hold little") {
  constexpr std::size_t kSize = 10'000;
  Signal gate;
  bool open = false;
  std::atomic<std::uint64_t> emitted{0}, executed{0};
  std::atomic<bool> enough{false};
  SpoutScript spout;
  spout.next = [&, text = std::string(kSize, 'x')](SpoutCollector& out, Context&) {
    if (enough) return Next::finished();
    const std::uint64_t n = emitted++;
    out.emit({.id = n, .replay = Replay::spout}, n, text);
    return Next::emitted();
  };
  BoltScript sink;
  sink.execute = [&](const Tuple& t, Collector& out) {
    gate.wait([&] { return open; });
    ++executed;
    out.ack(t);
  };
  EngineRun run(
      "name: fifty\nplugins: [scripted]\nconfig: {topology.worker.outbox.bytes: 131072}\n"
      "spouts:\n  - {id: spout, className: scripted.Source, parallelism: 50, properties: {" +
      at(spout) + "}}\nbolts:\n  - {id: sink, className: scripted.Step, properties: {" + at(sink) +
      "}}\nstreams:\n  - {from: spout, to: sink, grouping: {type: SHUFFLE}}\n");
  run.start();
  const std::uint64_t last = when_still(emitted);
  CHECK(emitted == last);
  CHECK(emitted * kSize <
        800'000);  // 256 KiB of inbox, 128 of outboxes, a call of each thread; 1.4 MB without the bound
  gate.change([&] { open = true; });
  REQUIRE(run.eventually([&] { return emitted > 4 * last; }));  // they go on
  enough = true;
  REQUIRE(run.finish());
  run.stop();
  CHECK(executed == emitted);
  CHECK(run.counts("spout").acked == emitted);
}

}  // namespace
}  // namespace gale::test
