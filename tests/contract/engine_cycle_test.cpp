// SPDX-License-Identifier: Apache-2.0
//
// Cycles in a running engine (contract 4 and 10): tuples go round and leave, ENDs do not wait for each other, nothing
// grows and nothing stands still.
#include "tests/contract/engine_run.hpp"

#include <doctest/doctest.h>

#include <atomic>
#include <map>
#include <string>
#include <string_view>

namespace gale::test {
namespace {

/// spout -> turn, turn (other) -> back -> turn, turn (default) -> sink.
std::string cycle(const SpoutScript& spout, const BoltScript& turn, const BoltScript& back, const BoltScript& sink,
                  const std::string& config, const std::string& grouping = "{type: SHUFFLE}") {
  const auto bolt = [](const char* id, const BoltScript& script) {
    return std::string("  - {id: ") + id + ", className: scripted.Step, parallelism: 2, properties: {" + at(script) +
           "}}\n";
  };
  return "name: cycle\nplugins: [scripted]\nconfig: {" + config +
         "}\nspouts:\n  - {id: spout, className: scripted.Source, properties: {" + at(spout) + "}}\nbolts:\n" +
         bolt("turn", turn) + bolt("back", back) + bolt("sink", sink) +
         "streams:\n  - {from: spout, to: turn, grouping: {type: SHUFFLE}}\n"
         "  - {from: turn, to: back, grouping: {type: SHUFFLE, streamId: other}}\n"
         "  - {from: back, to: turn, grouping: " +
         grouping + "}\n  - {from: turn, to: sink, grouping: {type: SHUFFLE}}\n";
}

TEST_CASE("Contract 10: tuples go round a cycle and leave it; the run ends by itself, with the last ack") {
  constexpr std::uint64_t kRoots = 2000;
  constexpr int kRounds = 30;
  Signal signal;
  std::map<std::uint64_t, int> rounds;
  Told told;
  SpoutScript spout = numbers(kRoots);
  told.listen(spout);
  BoltScript turn, back, sink;
  turn.execute = [&](const Tuple& t, Collector& out) {
    const auto n = t.get<std::uint64_t>(0);
    bool on = false;
    signal.change([&] { on = rounds[n]++ == kRounds; });
    on ? out.emit(n, "done") : out.on(turn.other).emit(n);
    out.ack(t);
  };
  back.execute = [&](const Tuple& t, Collector& out) {
    out.emit(t.get<std::uint64_t>(0), "again");
    out.ack(t);
  };
  EngineRun run(cycle(spout, turn, back, sink, ""));
  REQUIRE(run_to_end(run));
  CHECK(told.acks.size() == kRoots);
  CHECK(told.fails.empty());
  CHECK(run.counts("sink").executed == kRoots);
  CHECK(run.counts("turn").executed == kRoots * (kRounds + 1));
  CHECK(run.counts("turn").late == 0);
  CHECK(run.counts("turn").dropped == 0);
}

TEST_CASE(
    "Contract 4: a cycle that multiplies what enters it fails roots with 'cycle full', and neither grows nor stops") {
  constexpr std::uint64_t kRoots = 20;
  for (const char* grouping : {"{type: SHUFFLE}", "{type: ALL}", "{type: FIELDS, args: [n]}"}) {
    CAPTURE(grouping);
    Told told;
    SpoutScript spout = numbers(kRoots);
    told.listen(spout);
    BoltScript turn, back, sink;
    turn.execute = [&](const Tuple& t, Collector& out) {
      for (int i = 0; i < 3; ++i) out.on(turn.other).emit(t.get<std::uint64_t>(0));
      out.ack(t);
    };
    back.execute = [&](const Tuple& t, Collector& out) {
      out.emit(t.get<std::uint64_t>(0), "again");
      out.ack(t);
    };
    EngineRun run(
        cycle(spout, turn, back, sink, "topology.cycle.max.bytes: 65536, topology.max.attempts: 2", grouping));
    REQUIRE(run_to_end(run));
    CHECK(told.acks.empty());
    REQUIRE(told.fails.size() == kRoots);
    for (const auto& [n, fails] : told.fails) CHECK(fails.back().reason.find("cycle full") != std::string::npos);
    CHECK(run.counts("turn").dropped > 0);  // what the failed roots left
  }
}

TEST_CASE(
    "Contract 10: a bolt in a cycle finishes when all spouts have ended whose tuples reach it, round the cycle too") {
  Signal signal;
  int finished = 0;
  std::uint64_t after = 0;
  SpoutScript early = numbers(10), late;
  late.next = [&, n = std::uint64_t{0}](SpoutCollector& out, Context& context) mutable {
    if (n == 300) return Next::finished();
    out.emit({.id = n}, n, "late");
    ++n;
    return Next::idle_until(context.now() + std::chrono::milliseconds(1));  // the early one has long ended
  };
  BoltScript turn, back, sink;
  turn.execute = [&](const Tuple& t, Collector& out) {
    signal.change([&] { after += finished != 0 ? 1 : 0; });
    if (t.get<std::string_view>(1) == "again") {
      out.emit(t.get<std::uint64_t>(0), "done");
    } else {
      out.on(turn.other).emit(t.get<std::uint64_t>(0));
    }
    out.ack(t);
  };
  turn.finish = [&](Collector&) {
    signal.change([&] { ++finished; });
    return true;
  };
  back.execute = [&](const Tuple& t, Collector& out) {
    out.emit(t.get<std::uint64_t>(0), "again");
    out.ack(t);
  };
  EngineRun run("name: two\nplugins: [scripted]\nspouts:\n  - {id: early, className: scripted.Source, properties: {" +
                at(early) + "}}\n  - {id: late, className: scripted.Source, properties: {" + at(late) +
                "}}\nbolts:\n  - {id: turn, className: scripted.Step, properties: {" + at(turn) +
                "}}\n  - {id: back, className: scripted.Step, properties: {" + at(back) +
                "}}\n  - {id: sink, className: scripted.Step, properties: {" + at(sink) +
                "}}\nstreams:\n  - {from: early, to: turn, grouping: {type: SHUFFLE}}\n"
                "  - {from: turn, to: back, grouping: {type: SHUFFLE, streamId: other}}\n"
                "  - {from: back, to: turn, grouping: {type: SHUFFLE}}\n"
                "  - {from: late, to: back, grouping: {type: SHUFFLE}}\n"
                "  - {from: turn, to: sink, grouping: {type: SHUFFLE}}\n");
  REQUIRE(run_to_end(run));
  CHECK(finished == 1);
  CHECK(after == 0);
  CHECK(run.counts("turn").late == 0);
  CHECK(run.counts("sink").executed == 310);
}

TEST_CASE("What goes round unanchored for longer than the message timeout when all has ended is dropped and counted") {
  BoltScript turn, back, sink;
  SpoutScript spout = numbers(10);
  std::atomic<std::uint64_t> passed{0};
  turn.execute = [&](const Tuple& t, Collector& out) {
    out.unanchored().on(turn.other).emit(t.get<std::uint64_t>(0));
    ++passed;
    out.ack(t);
  };
  back.execute = [&](const Tuple& t, Collector& out) {
    out.emit(t.get<std::uint64_t>(0), "again");
    out.ack(t);
  };
  EngineRun run(cycle(spout, turn, back, sink, "topology.message.timeout.secs: 0.3"));
  REQUIRE(run_to_end(run));
  CHECK(run.counts("spout").acked == 10);
  CHECK(run.counts("turn").dropped + run.counts("back").dropped == 10);
}

TEST_CASE("Contract 10: final results go round a cycle and through it before its bolts finish") {
  constexpr std::uint64_t kRoots = 50;
  std::atomic<std::uint64_t> arrived{0}, late{0};
  std::atomic<bool> said{false};
  SpoutScript spout = numbers(kRoots);
  BoltScript first, turn, back, sink;
  first.execute = [](const Tuple& t, Collector& out) { out.ack(t); };
  first.finish = [](Collector& out) {
    for (std::uint64_t n = 0; n < kRoots; ++n) out.emit(n, "new");
    return true;
  };
  turn.execute = [&](const Tuple& t, Collector& out) {
    if (t.get<std::string_view>(1) == "again") {
      out.emit(t.get<std::uint64_t>(0), "done");
    } else {
      out.on(turn.other).emit(t.get<std::uint64_t>(0));
    }
    out.ack(t);
  };
  back.execute = [](const Tuple& t, Collector& out) {
    out.emit(t.get<std::uint64_t>(0), "again");
    out.ack(t);
  };
  sink.execute = [&](const Tuple& t, Collector& out) {
    ++(said ? late : arrived);
    out.ack(t);
  };
  sink.finish = [&](Collector&) {
    said = true;
    return true;
  };
  EngineRun run("name: final\nplugins: [scripted]\nspouts:\n  - {id: spout, className: scripted.Source, properties: {" +
                at(spout) + "}}\nbolts:\n  - {id: first, className: scripted.Step, properties: {" + at(first) +
                "}}\n  - {id: turn, className: scripted.Step, properties: {" + at(turn) +
                "}}\n  - {id: back, className: scripted.Step, properties: {" + at(back) +
                "}}\n  - {id: sink, className: scripted.Step, properties: {" + at(sink) +
                "}}\nstreams:\n  - {from: spout, to: first, grouping: {type: SHUFFLE}}\n"
                "  - {from: first, to: turn, grouping: {type: SHUFFLE}}\n"
                "  - {from: turn, to: back, grouping: {type: SHUFFLE, streamId: other}}\n"
                "  - {from: back, to: turn, grouping: {type: SHUFFLE}}\n"
                "  - {from: turn, to: sink, grouping: {type: SHUFFLE}}\n");
  REQUIRE(run_to_end(run));
  CHECK(arrived == kRoots);
  CHECK(late == 0);
}

}  // namespace
}  // namespace gale::test
