// SPDX-License-Identifier: Apache-2.0
//
// What a running engine does with tuples that have crashed workers, and what it says of calls that last. Crashes
// themselves want processes: tests/cases, and the unit tests of engine/crash.
#include "tests/contract/engine_run.hpp"

#include "engine/crash/poison.hpp"
#include "gale/codec/write.hpp"
#include "gale/value.hpp"

#include <doctest/doctest.h>

#include <atomic>
#include <mutex>
#include <set>
#include <thread>

namespace gale::test {
namespace {

using std::chrono::milliseconds;

/// Number n of numbers(), when bolt executes it.
crash::Suspect suspect(std::int64_t n) {
  const std::string values = codec::packed(Value(Value::Array{Value(n), Value("text")}));
  return {"bolt", "spout/default", crash::hash_of(reinterpret_cast<const std::uint8_t*>(values.data()), values.size())};
}

crash::Suspects after(unsigned crashes, std::int64_t n) {
  crash::Suspects suspects;
  for (; crashes > 0; --crashes) suspects.crashed(suspect(n), "");
  return suspects;
}

/// numbers(), which begin when `go` is set.
SpoutScript held(std::uint64_t count, const std::atomic<bool>& go, Replay replay = Replay::engine) {
  SpoutScript script = numbers(count, replay);
  script.next = [next = script.next, &go](SpoutCollector& out, Context& c) {
    return go ? next(out, c) : Next::idle_until(c.now() + milliseconds(1));
  };
  return script;
}

struct Executed {
  std::mutex lock;
  std::multiset<std::int64_t> numbers;
  BoltScript bolt;
  Executed() {
    bolt.execute = [this](const Tuple& tuple, Collector& out) {
      {
        const std::lock_guard guard(lock);
        numbers.insert(tuple.get<std::int64_t>(0));
      }
      out.ack(tuple);
    };
  }
};

TEST_CASE("A tuple that was in three crashes fails for good, unseen, and the rest of its batch runs once") {
  for (const Replay replay : {Replay::engine, Replay::spout}) {
    std::atomic<bool> go{false};
    SpoutScript spout = held(1000, go, replay);
    Told told;
    told.listen(spout);
    Executed executed;
    EngineRun run(pair_of(spout, executed.bolt));
    run.start();
    run.worker().avoid(after(crash::Suspects::kCrashes, 777));
    go = true;
    REQUIRE(run.finish());
    run.stop();
    CHECK(executed.numbers.size() == 999);
    CHECK(executed.numbers.count(777) == 0);
    CHECK(told.acks.size() == 999);
    REQUIRE(told.fails[777].size() == 1);
    CHECK(told.fails[777][0].final);
    CHECK(told.fails[777][0].attempt == 1);
    CHECK(told.fails[777][0].reason.starts_with("poison: bolt#0: "));
    CHECK(run.counts("bolt").poisoned == 1);
    CHECK(run.counts("bolt").failed == 1);
    CHECK(run.counts("spout").replayed == 0);
    CHECK(run.counts("spout").failed == 1);
    CHECK(run.reported("poison: "));
  }
}

TEST_CASE("Poison goes to the dead letters, whose own failure is tried again as ever") {
  std::atomic<bool> go{false};
  SpoutScript spout = held(100, go);
  Told told;
  told.listen(spout);
  Executed executed;
  BoltScript dead;
  std::vector<std::string> letters;
  std::vector<std::int64_t> attempts;
  dead.execute = [&](const Tuple& tuple, Collector& out) {
    letters.emplace_back(tuple.get<std::string_view>(2));
    attempts.push_back(tuple.get<std::int64_t>(3));
    letters.size() == 1 ? out.fail(tuple, "not yet") : out.ack(tuple);
  };
  EngineRun run("name: dead\nplugins: [scripted]\nspouts:\n  - {id: spout, className: scripted.Source, properties: {" +
                at(spout) + "}}\nbolts:\n  - {id: bolt, className: scripted.Step, properties: {" + at(executed.bolt) +
                "}}\n  - {id: dead, className: scripted.Step, properties: {" + at(dead) +
                "}}\nstreams:\n  - {from: spout, to: bolt, grouping: {type: SHUFFLE}}\n"
                "  - {from: __dead_letters, to: dead, grouping: {type: GLOBAL}}\n");
  run.start();
  run.worker().avoid(after(crash::Suspects::kCrashes, 7));
  go = true;
  REQUIRE(run.finish());
  run.stop();
  REQUIRE(letters.size() == 2);
  CHECK(letters[0].starts_with("poison: bolt#0: "));
  CHECK(attempts == std::vector<std::int64_t>{1, 1});
  CHECK(told.acks.size() == 100);  // that of the letter too
  CHECK(told.fails.empty());
  CHECK(run.counts("spout").dead_letters == 1);
  CHECK(run.counts("spout").failed == 0);
}

TEST_CASE("A tuple that was in fewer crashes runs by itself and last, when what came with it is told") {
  std::atomic<bool> go{false};
  SpoutScript spout = held(64, go);
  Told told;
  told.listen(spout);
  std::atomic<std::size_t> acked_before{0};
  std::atomic<int> runs{0};
  BoltScript bolt;
  bolt.execute = [&](const Tuple& tuple, Collector& out) {
    if (tuple.get<std::int64_t>(0) == 50) {
      ++runs;
      acked_before = told.signal.read([&] { return told.acks.size(); });
    }
    out.ack(tuple);
  };
  EngineRun run(pair_of(spout, bolt));
  run.start();
  run.worker().avoid(after(1, 50));
  go = true;
  REQUIRE(run.finish());
  run.stop();
  CHECK(runs == 1);
  CHECK(acked_before == 63);
  CHECK(told.acks.size() == 64);
  CHECK(run.counts("bolt").poisoned == 0);
}

TEST_CASE("Hooks hear of poison that it failed for good, and of no execute") {
  std::atomic<bool> go{false};
  SpoutScript spout = held(20, go);
  Told told;
  told.listen(spout);
  Executed executed;
  HookScript hook;
  std::atomic<int> executes{0}, failed{0}, final{0};
  hook.execute = [&](const ExecuteInfo&) { ++executes; };
  hook.fail = [&](const FailInfo& info) {
    ++failed;
    if (info.final) ++final;
  };
  EngineRun run(
      "name: hooked\nplugins: [scripted]\nspouts:\n  - {id: spout, className: scripted.Source, properties: {" +
      at(spout) + "}}\nbolts:\n  - {id: bolt, className: scripted.Step, properties: {" + at(executed.bolt) +
      "}}\nstreams:\n  - {from: spout, to: bolt, grouping: {type: SHUFFLE}}\n"
      "hooks:\n  - {className: scripted.Hook, properties: {" +
      at(hook) + "}}\n");
  run.start();
  run.worker().avoid(after(crash::Suspects::kCrashes, 7));
  go = true;
  REQUIRE(run.finish());
  run.stop();
  CHECK(executes == 19);
  CHECK(failed == 2);  // the bolt's input, and the spout's root
  CHECK(final == 1);
}

TEST_CASE("Suspects of other components and streams change nothing") {
  std::atomic<bool> go{true};
  SpoutScript spout = held(500, go);
  Told told;
  told.listen(spout);
  Executed executed;
  EngineRun run(pair_of(spout, executed.bolt));
  run.start();
  crash::Suspects suspects;
  for (unsigned i = 0; i < crash::Suspects::kCrashes; ++i) {
    suspects.crashed({"other", "spout/default", suspect(7).hash}, "");
    suspects.crashed({"bolt", "spout/other", suspect(7).hash}, "");
  }
  run.worker().avoid(suspects);
  REQUIRE(run.finish());
  run.stop();
  CHECK(executed.numbers.size() == 500);
  CHECK(told.acks.size() == 500);
}

TEST_CASE("A report says how long the call of each task has been running") {
  SpoutScript spout = numbers(1);
  std::atomic<bool> begun{false}, end{false};
  BoltScript bolt;
  bolt.execute = [&](const Tuple& tuple, Collector& out) {
    begun = true;
    while (!end) std::this_thread::yield();
    out.ack(tuple);
  };
  EngineRun run(pair_of(spout, bolt));
  run.start();
  const auto busy = [&](std::uint32_t task) {
    for (const worker::TaskReport& t : run.worker().report().tasks) {
      if (t.task == TaskId(task)) return t.busy_ms;
    }
    return std::uint64_t{0};
  };
  REQUIRE(run.eventually([&] { return begun && busy(1) >= 30; }));
  CHECK(busy(0) == 0);
  end = true;
  REQUIRE(run.finish());
  CHECK(busy(1) == 0);
  run.stop();
}

}  // namespace
}  // namespace gale::test
