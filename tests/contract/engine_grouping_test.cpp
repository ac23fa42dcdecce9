// SPDX-License-Identifier: Apache-2.0
//
// Every grouping in a running engine: each tuple reaches the tasks that its grouping says, its root completes with the
// last of them, and what cannot be routed fails with the reason.
#include "tests/contract/engine_run.hpp"

#include <doctest/doctest.h>

#include <map>
#include <set>
#include <string>
#include <utility>

namespace gale::test {
namespace {

constexpr std::uint32_t kTasks = 4;
constexpr std::uint64_t kTuples = 2000;

/// Which task, by index, got which tuple how often.
struct Seen {
  Signal signal;
  std::map<std::uint32_t, std::map<std::uint64_t, int>> by_task;

  BoltScript script() {
    BoltScript bolt;
    bolt.execute_as = [this](const Tuple& t, Collector& out, Context& context) {
      const auto n = t.get<std::uint64_t>(0);
      signal.change([&] { ++by_task[context.index()][n]; });
      out.ack(t);
    };
    return bolt;
  }
  [[nodiscard]] std::set<std::uint32_t> tasks_of(std::uint64_t n) const {
    std::set<std::uint32_t> tasks;
    for (const auto& [task, tuples] : by_task) {
      if (tuples.contains(n)) tasks.insert(task);
    }
    return tasks;
  }
  [[nodiscard]] std::uint64_t of(std::uint32_t task) const {
    std::uint64_t sum = 0;
    if (!by_task.contains(task)) return 0;
    for (const auto& [n, times] : by_task.at(task)) sum += static_cast<std::uint64_t>(times);
    return sum;
  }
  [[nodiscard]] std::uint64_t copies() const {
    std::uint64_t sum = 0;
    for (std::uint32_t task = 0; task < kTasks; ++task) sum += of(task);
    return sum;
  }
};

/// spout -> bolt x 4.
std::string topology(const SpoutScript& spout, const BoltScript& bolt, const std::string& grouping,
                     const std::string& config = "topology.max.attempts: 1") {
  return "name: groups\nplugins: [scripted]\nconfig: {" + config +
         "}\nspouts:\n  - {id: spout, className: scripted.Source, properties: {" + at(spout) +
         "}}\nbolts:\n  - {id: bolt, className: scripted.Step, parallelism: " + std::to_string(kTasks) +
         ", properties: {" + at(bolt) + "}}\nstreams:\n  - {from: spout, to: bolt, grouping: " + grouping + "}\n";
}

/// Runs kTuples through the grouping, tracked; each must be acked once.
void run_all(Seen& seen, const std::string& grouping) {
  Told told;
  SpoutScript spout = numbers(kTuples);
  told.listen(spout);
  const BoltScript bolt = seen.script();
  EngineRun run(topology(spout, bolt, grouping));
  REQUIRE(run_to_end(run));
  CHECK(told.acks.size() == kTuples);
  CHECK(told.fails.empty());
  CHECK(run.errors().empty());
}

TEST_CASE("SHUFFLE, NONE and LOCAL_OR_SHUFFLE give each tuple to one task, and some to each") {
  for (const char* grouping : {"{type: SHUFFLE}", "{type: NONE}", "{type: LOCAL_OR_SHUFFLE}"}) {
    CAPTURE(grouping);
    Seen seen;
    run_all(seen, grouping);
    CHECK(seen.copies() == kTuples);
    for (std::uint32_t task = 0; task < kTasks; ++task) CHECK(seen.of(task) > 0);
    for (std::uint64_t n = 0; n < kTuples; ++n) REQUIRE(seen.tasks_of(n).size() == 1);
  }
}

TEST_CASE("FIELDS and GLOBAL give each tuple to one task; ALL to every task, and the root waits for all") {
  Seen by_field, by_text, global, all;
  run_all(by_field, "{type: FIELDS, args: [n]}");
  CHECK(by_field.copies() == kTuples);
  for (std::uint32_t task = 0; task < kTasks; ++task) CHECK(by_field.of(task) > kTuples / kTasks / 2);
  run_all(by_text, "{type: FIELDS, args: [text]}");  // one text: one task
  CHECK(by_text.by_task.size() == 1);
  CHECK(by_text.copies() == kTuples);
  run_all(global, "{type: GLOBAL}");
  CHECK(global.of(0) == kTuples);
  CHECK(global.copies() == kTuples);
  run_all(all, "{type: ALL}");
  for (std::uint32_t task = 0; task < kTasks; ++task) CHECK(all.of(task) == kTuples);
}

TEST_CASE("PARTIAL_KEY splits a key between two tasks") {
  Seen seen;
  run_all(seen, "{type: PARTIAL_KEY, args: [text]}");
  CHECK(seen.copies() == kTuples);
  REQUIRE(seen.by_task.size() == 2);
  for (const auto& [task, tuples] : seen.by_task) CHECK(tuples.size() == kTuples / 2);
}

TEST_CASE("DIRECT gives a tuple to the task that its emitter names, from a spout and from a bolt") {
  Told told;
  Seen seen;
  SpoutScript spout;
  spout.next = [&spout, n = std::uint64_t{0}](SpoutCollector& out, Context& context) mutable {
    if (n == kTuples) return Next::finished();
    const auto targets = context.targets(spout.direct);
    out.emit_direct(targets[n % targets.size()], spout.direct, {.id = n}, n);
    ++n;
    return Next::emitted();
  };
  told.listen(spout);
  BoltScript middle;
  middle.execute_as = [&middle](const Tuple& t, Collector& out, Context& context) {
    const auto n = t.get<std::uint64_t>(0);
    const auto targets = context.targets(middle.direct, "bolt");
    out.on(middle.direct).to(targets[n % targets.size()]).emit(n);
    out.ack(t);
  };
  const BoltScript bolt = seen.script();
  EngineRun run(
      "name: direct\nplugins: [scripted]\n"
      "spouts:\n  - {id: spout, className: scripted.Source, properties: {" +
      at(spout) +
      "}}\n"
      "bolts:\n  - {id: middle, className: scripted.Step, parallelism: 2, properties: {" +
      at(middle) +
      "}}\n"
      "  - {id: bolt, className: scripted.Step, parallelism: 4, properties: {" +
      at(bolt) +
      "}}\n"
      "streams:\n  - {from: spout, to: middle, grouping: {type: DIRECT, streamId: direct}}\n"
      "  - {from: middle, to: bolt, grouping: {type: DIRECT, streamId: direct}}\n");
  REQUIRE(run_to_end(run));
  CHECK(told.acks.size() == kTuples);
  CHECK(seen.copies() == kTuples);
  for (std::uint64_t n = 0; n < kTuples; ++n) {
    REQUIRE(seen.tasks_of(n) == std::set{static_cast<std::uint32_t>(n % kTasks)});
  }
}

TEST_CASE("A direct emit to a task that does not read the stream fails its root, and is tried as often as any") {
  Told told;
  Seen seen;
  SpoutScript spout;
  spout.next = [&spout, done = false](SpoutCollector& out, Context& context) mutable {
    if (std::exchange(done, true)) return Next::finished();
    out.emit_direct(context.task(), spout.direct, {.id = 7}, 7);
    return Next::emitted();
  };
  told.listen(spout);
  const BoltScript bolt = seen.script();
  EngineRun run(topology(spout, bolt, "{type: DIRECT, streamId: direct}", "topology.max.attempts: 2"));
  REQUIRE(run_to_end(run));
  REQUIRE(told.fails[7].size() == 1);
  CHECK(told.fails[7][0].reason == "spout#0: stream 'direct': task 0 does not read it");
  CHECK(told.fails[7][0].attempt == 2);
  CHECK(seen.copies() == 0);
}

TEST_CASE("An emit that names a task where none may be named, or names none where one must be, fails its input") {
  Told told;
  SpoutScript spout = numbers(2);
  told.listen(spout);
  BoltScript bolt;
  bolt.execute = [&bolt](const Tuple& t, Collector& out) {
    if (t.get<int>(0) == 0) out.on(bolt.direct).emit(1);
    if (t.get<int>(0) == 1) out.on(bolt.other).to(1).emit(1);
    out.ack(t);
  };
  EngineRun run(pair_of(spout, bolt, "topology.max.attempts: 1"));
  REQUIRE(run_to_end(run));
  REQUIRE(told.fails.size() == 2);
  CHECK(told.fails[0][0].reason ==
        "bolt#0: emit to the direct stream 'direct' without a task: on(stream).to(task).emit(...)");
  CHECK(told.fails[1][0].reason == "bolt#0: emit to a named task on stream 'other', which is no direct stream");
}

std::string custom(const GroupingScript& script) {
  return "{type: CUSTOM, customClass: {className: scripted.Choice, properties: {" + at(script) + "}}}";
}

TEST_CASE("CUSTOM asks the plugin: one task, several, or none, and knows its readers") {
  Seen seen;
  Signal signal;
  std::string about;
  int closed = 0;
  GroupingScript script;
  script.open = [&](Context& context) {
    signal.change([&] {
      about += context.component() + " " + std::to_string(context.tasks()) + " " + std::to_string(context.index());
    });
  };
  script.choose = [](const Values& tuple, Targets& to) {
    const auto n = tuple.get<std::uint32_t>("n");
    for (std::uint32_t i = 0; i < n % 3; ++i) to.add((n + i) % to.tasks());  // every third goes nowhere
    if (n % 3 == 1) to.add(n % to.tasks());                                  // twice is once
  };
  script.close = [&] { signal.change([&] { ++closed; }); };
  run_all(seen, custom(script));
  CHECK(about == "bolt 4 0");
  CHECK(closed == 1);
  for (std::uint64_t n = 0; n < kTuples; ++n) {
    std::set<std::uint32_t> expected;
    for (std::uint64_t i = 0; i < n % 3; ++i) expected.insert(static_cast<std::uint32_t>((n + i) % kTasks));
    REQUIRE(seen.tasks_of(n) == expected);
  }
}

TEST_CASE("A custom grouping is asked once a tuple, so it may take turns") {
  Seen seen;
  GroupingScript script;
  script.choose = [turn = 0u](const Values&, Targets& to) mutable { to.add(turn++ % to.tasks()); };
  run_all(seen, custom(script));
  for (std::uint32_t task = 0; task < kTasks; ++task) CHECK(seen.of(task) == kTuples / kTasks);
}

TEST_CASE("A custom grouping that throws, or chooses a task that is not there, fails the root with the reason") {
  Told told;
  Seen seen;
  SpoutScript spout = numbers(3);
  told.listen(spout);
  GroupingScript script;
  script.choose = [](const Values& tuple, Targets& to) {
    const auto n = tuple.get<int>(0);
    if (n == 0) throw Error("no idea");
    to.add(n == 1 ? 4 : 2);
  };
  const BoltScript bolt = seen.script();
  EngineRun run(topology(spout, bolt, custom(script)));
  REQUIRE(run_to_end(run));
  CHECK(told.acks == std::map<MessageId, int>{{2, 1}});
  REQUIRE(told.fails.size() == 2);
  CHECK(told.fails[0][0].reason == "spout#0: stream 'default': grouping scripted.Choice: no idea");
  CHECK(told.fails[1][0].reason ==
        "spout#0: stream 'default': grouping scripted.Choice: a grouping chose task 4 of 4, counting from 0");
}

TEST_CASE("A custom grouping that throws in open keeps the task from starting, and says why") {
  const SpoutScript spout = numbers(1);
  const BoltScript bolt;
  GroupingScript script;
  script.open = [](Context&) { throw Error("no table"); };
  EngineRun run(topology(spout, bolt, custom(script)));
  CHECK(run.try_start() == "spout#0: grouping scripted.Choice: open: no table");
}

/// How many of 40 000 tuples go to a task that is stuck until the `others` have had so many.
std::uint64_t taken_by_a_stuck_task(const std::string& config, std::uint64_t others) {
  Seen seen;
  Signal gate;
  bool open = false;
  BoltScript bolt;
  bolt.execute_as = [&](const Tuple& t, Collector& out, Context& context) {
    if (context.index() == 0) gate.wait([&] { return open; });
    const auto n = t.get<std::uint64_t>(0);
    seen.signal.change([&] { ++seen.by_task[context.index()][n]; });
    out.ack(t);
  };
  SpoutScript spout;
  constexpr std::uint64_t kMany = 40'000;
  std::uint64_t emitted = 0;
  spout.next = [&](SpoutCollector& out, Context&) {
    if (emitted == kMany) return Next::finished();
    out.emit(emitted++, std::string(100, 'x'));
    return Next::emitted();
  };
  EngineRun run(topology(spout, bolt, "{type: SHUFFLE}", config), 3);
  run.start();
  const bool others_went_on = seen.signal.wait([&] { return seen.of(1) + seen.of(2) + seen.of(3) > others; });
  gate.change([&] { open = true; });
  REQUIRE(run.finish());
  run.stop();
  CHECK(seen.copies() == kMany);
  CHECK(others_went_on);
  return seen.of(0);
}

TEST_CASE("SHUFFLE sends less to a task that is stuck, unless the topology is blind to load") {
  CHECK(taken_by_a_stuck_task("", 35'000) < 5'000);
  CHECK(taken_by_a_stuck_task("topology.disable.loadaware.messaging: true", 3'000) == 10'000);
}

}  // namespace
}  // namespace gale::test
