// SPDX-License-Identifier: Apache-2.0
//
// Hooks in a running engine: what is told of whom, in which order, and what a throw in a hook does (nothing).
#include "tests/contract/engine_run.hpp"

#include <doctest/doctest.h>

#include <algorithm>
#include <array>
#include <atomic>
#include <set>
#include <utility>

namespace gale::test {
namespace {

const std::string kOnce = "topology.max.attempts: 1";

std::string hooks(const std::vector<std::string>& entries) {
  std::string yaml = "hooks:\n";
  for (const std::string& entry : entries) yaml += "  - " + entry + "\n";
  return yaml;
}
std::string watch(const HookScript& script, const std::string& components = "") {
  return "{className: scripted.Hook, properties: {" + at(script) + "}" +
         (components.empty() ? "" : ", components: [" + components + "]") + "}";
}
std::string watch(const WorkerHookScript& script) {
  return "{className: scripted.Process, properties: {" + at(script) + "}}";
}

/// Writes what it is told of one task, a word an event: "execute(0,acked)", "emit(0)", "ack(0)", "fail(0,why)".
struct Diary {
  HookScript script;
  Signal signal;
  std::vector<std::string> words;

  Diary() {
    script.prepare = [this](Context& c) { add("prepare " + c.component() + "#" + std::to_string(c.index())); };
    script.emit = [this](const EmitInfo& i) {
      const std::string attempt = i.tracked ? "," + std::to_string(i.id) + "/" + std::to_string(i.attempt) : "";
      add("emit(" + first(i.tuple) + attempt + ")");
    };
    script.execute = [this](const ExecuteInfo& i) {
      const char* const names[] = {"forgotten", "acked", "failed", "kept"};
      add("execute(" + first(i.tuple) + "," + names[static_cast<int>(i.verdict)] + ")");
    };
    script.ack = [this](const AckInfo& i) {
      add(i.tuple != nullptr ? "ack(" + first(*i.tuple) + ")"
                             : "ack(root " + std::to_string(i.id) + "/" + std::to_string(i.attempt) + ")");
    };
    script.fail = [this](const FailInfo& i) {
      const std::string root = "root " + std::to_string(i.id) + "/" + std::to_string(i.attempt);
      add("fail(" + (i.tuple != nullptr ? first(*i.tuple) : root) + (i.final ? "," : "..,") + std::string(i.reason) +
          ")");
    };
    script.cleanup = [this] { add("cleanup"); };
  }
  void add(const std::string& word) {
    signal.change([&] { words.push_back(word); });
  }
  static std::string first(const Values& tuple) { return std::to_string(tuple.get<std::int64_t>(0)); }
  /// Without prepare and cleanup.
  [[nodiscard]] std::vector<std::string> events() const { return {words.begin() + 1, words.end() - 1}; }
  [[nodiscard]] std::ptrdiff_t count(const std::string& part) const {
    return std::count_if(words.begin(), words.end(),
                         [&](const std::string& w) { return w.find(part) != std::string::npos; });
  }
};

using Words = std::vector<std::string>;

TEST_CASE("A hook is prepared before its task opens and cleaned up after it is closed") {
  Diary diary;
  SpoutScript spout = numbers(1);
  BoltScript bolt;
  bolt.open = [&](Context&) { diary.add("open"); };
  bolt.close = [&] { diary.add("close"); };
  EngineRun run(pair_of(spout, bolt) + hooks({watch(diary.script, "bolt")}));
  REQUIRE(run_to_end(run));
  CHECK(diary.words == Words{"prepare bolt#0", "open", "execute(0,acked)", "emit(0)", "ack(0)", "close", "cleanup"});
}

TEST_CASE("Of a bolt: each execute, then its emits, then what became of its input, with reasons") {
  Diary diary;
  SpoutScript spout = numbers(5);
  BoltScript bolt;
  bolt.execute = [](const Tuple& t, Collector& out) {
    const auto n = t.get<std::int64_t>(0);
    if (n == 1) return out.fail(t, "odd");
    if (n == 2) return;
    if (n == 3) throw Error("three");
    out.emit(n, "a");
    if (n == 4) out.emit(n + 10, "b");
    out.ack(t);
  };
  EngineRun run(pair_of(spout, bolt, kOnce) + hooks({watch(diary.script, "bolt")}));
  REQUIRE(run_to_end(run));
  CHECK(diary.events() == Words{"execute(0,acked)", "emit(0)", "ack(0)", "execute(1,failed)", "fail(1..,bolt#0: odd)",
                                "execute(2,forgotten)", "fail(2..,forgotten by bolt#0)", "execute(3,failed)",
                                "fail(3..,bolt#0: three)", "execute(4,acked)", "emit(4)", "emit(14)", "ack(4)"});
  CHECK(run.counts("bolt").executed == 5);
  CHECK(run.counts("bolt").acked == 2);
  CHECK(run.counts("bolt").failed == 3);
  CHECK(run.counts("bolt").emitted == 3);
}

TEST_CASE("Of kept tuples: what they are when they are settled, by later executes, ticks and jobs") {
  Diary diary;
  SpoutScript spout = numbers(4);
  BoltScript bolt;
  std::vector<KeptTuple> kept;
  bolt.execute = [&](const Tuple& t, Collector& out) {
    kept.push_back(t.keep());
    if (kept.size() < 4) return;
    out.from(kept[0], kept[1]).emit(t.get<std::int64_t>(0), "joined");
    out.ack(std::move(kept[0]));
    out.fail(std::move(kept[1]), "no");
    std::move(kept[2]).ack();  // as from another thread
    static_cast<void>(KeptTuple(std::move(kept[3])));
  };
  EngineRun run(pair_of(spout, bolt, kOnce) + hooks({watch(diary.script, "bolt")}));
  REQUIRE(run_to_end(run));
  CHECK(diary.events() == Words{"execute(0,kept)", "execute(1,kept)", "execute(2,kept)", "execute(3,kept)", "emit(3)",
                                "ack(0)", "fail(1..,bolt#0: no)", "ack(2)",
                                "fail(3..,bolt#0: forgotten: a kept tuple was destroyed without ack or fail)"});
}

TEST_CASE("Of a spout: every attempt, replayed by the engine or not, and what became of it") {
  for (const Replay replay : {Replay::engine, Replay::spout}) {
    Diary diary;
    SpoutScript spout = numbers(2, replay);
    std::int64_t again = -1;
    spout.fail = [&](const Failure& f) { again = f.final ? -1 : static_cast<std::int64_t>(f.id); };
    const auto first = spout.next;
    spout.next = [&](SpoutCollector& out, Context& c) {
      if (again >= 0) {
        const std::int64_t n = std::exchange(again, -1);
        out.emit({.id = static_cast<MessageId>(n), .replay = replay}, n, "again");
        return Next::emitted();
      }
      return replay == Replay::engine || diary.count("ack(root") == 2 ? first(out, c)
             : diary.count("emit(") >= 2                              ? Next::idle_until_woken()
                                                                      : first(out, c);
    };
    BoltScript bolt;
    bolt.execute = [n = 0](const Tuple& t, Collector& out) mutable {
      if (t.get<int>(0) == 1 && n++ == 0) return out.fail(t, "once");
      out.ack(t);
    };
    EngineRun run(pair_of(spout, bolt, "topology.max.attempts: 3") + hooks({watch(diary.script, "spout")}));
    REQUIRE(run_to_end(run));
    Words events = diary.events();
    const auto before = [&](const char* a, const char* b) {
      const auto first_at = std::find(events.begin(), events.end(), a);
      return first_at != events.end() && std::find(first_at, events.end(), b) != events.end();
    };
    CHECK(before("emit(1,1/1)", "fail(root 1/1..,bolt#0: once)"));
    CHECK(before("fail(root 1/1..,bolt#0: once)", "emit(1,1/2)"));
    CHECK(before("emit(1,1/2)", "ack(root 1/2)"));
    CHECK(before("emit(0,0/1)", "ack(root 0/1)"));
    CHECK(events.size() == 6);
  }
}

TEST_CASE("Of a spout whose tuple fails for good: the last failure is final, its dead letter is told as well") {
  Diary diary;
  SpoutScript spout = numbers(1);
  BoltScript bolt, letters;
  bolt.execute = [](const Tuple& t, Collector& out) { out.fail(t, "never"); };
  std::string yaml =
      "name: letters\nplugins: [scripted]\nconfig: {topology.max.attempts: 2}\n"
      "spouts: [{id: spout, className: scripted.Source, properties: {" +
      at(spout) +
      "}}]\n"
      "bolts:\n  - {id: bolt, className: scripted.Step, properties: {" +
      at(bolt) +
      "}}\n"
      "  - {id: letters, className: scripted.Step, properties: {" +
      at(letters) +
      "}}\n"
      "streams:\n  - {from: spout, to: bolt, grouping: {type: SHUFFLE}}\n"
      "  - {from: __dead_letters, to: letters, grouping: {type: SHUFFLE}}\n";
  letters.execute = [](const Tuple& t, Collector& out) { out.ack(t); };
  diary.script.emit = [&](const EmitInfo& i) {
    diary.add("emit " + i.tuple.stream() + " " + std::to_string(i.tuple.size()) + "/" + std::to_string(i.attempt));
  };
  EngineRun run(yaml + hooks({watch(diary.script, "spout")}));
  REQUIRE(run_to_end(run));
  CHECK(diary.events() == Words{"emit default 2/1", "fail(root 0/1..,bolt#0: never)", "emit default 2/2",
                                "fail(root 0/2,bolt#0: never)", "emit __dead_letters 5/3", "ack(root 0/3)"});
}

TEST_CASE("A root that times out is told as such") {
  Diary diary;
  SpoutScript spout = numbers(1);
  BoltScript bolt;
  Signal over;
  bool timed_out = false;
  bolt.execute = [&](const Tuple& t, Collector& out) {
    over.wait([&] { return timed_out; });
    out.ack(t);
  };
  diary.script.fail = [&](const FailInfo& i) {
    diary.add("fail " + std::string(i.reason.substr(0, 9)) + (i.took >= std::chrono::milliseconds(50) ? "" : " early"));
    over.change([&] { timed_out = true; });
  };
  EngineRun run(pair_of(spout, bolt, kOnce + ", topology.message.timeout.secs: 0.05") +
                hooks({watch(diary.script, "spout")}));
  REQUIRE(run_to_end(run));
  CHECK(diary.count("fail timed out") == 1);
  CHECK(diary.count("early") == 0);
}

TEST_CASE("An emit names the tasks that got a copy and the roots that wait for it; an execute who emitted its input") {
  SpoutScript spout = numbers(6);
  BoltScript all, one;
  all.execute_as = [](const Tuple& t, Collector& out, Context& c) {
    if (c.index() == 0) out.emit(t.get<std::int64_t>(0), "x");
    if (c.index() == 0) out.unanchored().emit(t.get<std::int64_t>(0), "y");
    out.ack(t);
  };
  std::set<std::vector<std::uint32_t>> copies, further;
  std::vector<std::uint32_t> roots, executed;
  std::string odd;
  HookScript at_spout, at_all, at_one;
  at_spout.emit = [&](const EmitInfo& i) {
    copies.insert({i.tasks.begin(), i.tasks.end()});
    if (i.roots != 1 || !i.tracked || i.tuple.fields() != std::vector<std::string>{"n", "text"}) odd = "spout";
  };
  at_all.emit = [&](const EmitInfo& i) {
    further.insert({i.tasks.begin(), i.tasks.end()});
    roots.push_back(i.roots);
    if (i.tracked || i.tuple.source() != "all" || i.tuple.stream() != "default") odd = "all";
  };
  at_one.execute = [&](const ExecuteInfo& i) {
    executed.push_back(i.source_task);
    if (i.tuple.source() != "all" || i.roots != (i.tuple.get<std::string>("text") == "x" ? 1u : 0u)) odd = "one";
  };
  EngineRun run("name: t\nplugins: [scripted]\nspouts: [{id: spout, className: scripted.Source, properties: {" +
                at(spout) + "}}]\nbolts:\n  - {id: all, className: scripted.Step, parallelism: 3, properties: {" +
                at(all) + "}}\n  - {id: one, className: scripted.Step, properties: {" + at(one) +
                "}}\nstreams:\n  - {from: spout, to: all, grouping: {type: ALL}}\n"
                "  - {from: all, to: one, grouping: {type: SHUFFLE}}\n" +
                hooks({watch(at_spout, "spout"), watch(at_all, "all"), watch(at_one, "one")}));
  REQUIRE(run_to_end(run));
  CHECK(odd == "");
  CHECK(copies == std::set<std::vector<std::uint32_t>>{{1, 2, 3}});
  CHECK(further == std::set<std::vector<std::uint32_t>>{{4}});
  CHECK(roots == std::vector<std::uint32_t>{1, 0, 1, 0, 1, 0, 1, 0, 1, 0, 1, 0});
  CHECK(executed == std::vector<std::uint32_t>(12, 1));
}

TEST_CASE("An emit that cannot be routed is no emit, and fails its input after all") {
  Diary diary;
  SpoutScript spout = numbers(1);
  BoltScript bolt, sink;
  bolt.execute = [](const Tuple& t, Collector& out) {
    out.emit(Value(Value::Array{1}), "a key that has no hash");
    out.ack(t);
  };
  diary.script.emit = [&](const EmitInfo&) { diary.add("emit"); };
  EngineRun run("name: t\nplugins: [scripted]\nconfig: {" + kOnce +
                "}\nspouts: [{id: spout, className: scripted.Source, properties: {" + at(spout) +
                "}}]\nbolts:\n  - {id: bolt, className: scripted.Step, properties: {" + at(bolt) +
                "}}\n  - {id: sink, className: scripted.Step, properties: {" + at(sink) +
                "}}\nstreams:\n  - {from: spout, to: bolt, grouping: {type: SHUFFLE}}\n"
                "  - {from: bolt, to: sink, grouping: {type: FIELDS, args: [n]}}\n" +
                hooks({watch(diary.script, "bolt")}));
  REQUIRE(run_to_end(run));
  REQUIRE(diary.events().size() == 2);
  CHECK(diary.events()[0] == "execute(0,acked)");
  CHECK(diary.events()[1].starts_with("fail(0..,bolt#0: a grouping field of stream 'default'"));
}

TEST_CASE("A hook that throws is counted and reported once for each text, and changes nothing") {
  Told told;
  SpoutScript spout = numbers(100);
  told.listen(spout);
  BoltScript bolt;
  HookScript hook;
  hook.emit = [](const EmitInfo&) { throw Error("bad emit"); };
  hook.execute = [](const ExecuteInfo&) { throw Error("bad execute"); };
  hook.ack = [](const AckInfo&) { throw 42; };
  hook.cleanup = [] { throw Error("bad cleanup"); };
  Diary second;
  EngineRun run(pair_of(spout, bolt) + hooks({watch(hook), watch(second.script, "bolt")}));
  REQUIRE(run_to_end(run));
  CHECK(told.acks.size() == 100);
  CHECK(told.fails.empty());
  CHECK(run.counts("bolt").acked == 100);
  CHECK(run.counts("bolt").thrown == 301);
  CHECK(run.counts("spout").thrown == 201);
  CHECK(second.events().size() == 300);
  const auto& errors = run.errors();
  for (const char* text :
       {"bolt#0: hook scripted.Hook: emit: bad emit", "bolt#0: hook scripted.Hook: execute: bad execute",
        "bolt#0: hook scripted.Hook: ack: threw something that is no std::exception",
        "spout#0: hook scripted.Hook: emit: bad emit", "spout#0: hook scripted.Hook: cleanup: bad cleanup"}) {
    CAPTURE(text);
    CHECK(std::count(errors.begin(), errors.end(), text) == 1);
  }
}

TEST_CASE("A hook that throws in prepare keeps its task from starting; those before it are cleaned up") {
  Diary first;
  HookScript hook;
  bool cleaned = false, opened = false;
  hook.prepare = [](Context&) { throw Error("no file"); };
  hook.cleanup = [&] { cleaned = true; };
  SpoutScript spout = numbers(1);
  BoltScript bolt;
  bolt.open = [&](Context&) { opened = true; };
  {
    EngineRun run(pair_of(spout, bolt) + hooks({watch(first.script, "bolt"), watch(hook, "bolt")}));
    CHECK(run.try_start() == "bolt#0: hook scripted.Hook: prepare: no file");
  }
  CHECK_FALSE(opened);
  CHECK_FALSE(cleaned);
  CHECK(first.words == Words{"prepare bolt#0", "cleanup"});
}

TEST_CASE("Worker hooks start before any task opens, and stop after the last is closed, in reverse") {
  Words words;
  const auto of = [&](const std::string& name) {
    WorkerHookScript script;
    script.start = [&words, name](Context& c) {
      words.push_back(name + " starts " + c.topology() + " " + std::to_string(c.worker()) + "/" +
                      std::to_string(c.workers()) + " '" + c.component() + "'");
    };
    script.stop = [&words, name] { words.push_back(name + " stops"); };
    return script;
  };
  const WorkerHookScript a = of("a"), b = of("b");
  HookScript task;
  task.prepare = [&](Context& c) {
    words.push_back("prepare " + c.component() + " on " + std::to_string(c.worker()) + "/" +
                    std::to_string(c.workers()));
  };
  task.cleanup = [&] { words.push_back("cleanup"); };
  SpoutScript spout = numbers(1);
  BoltScript bolt;
  EngineRun run(pair_of(spout, bolt) + hooks({watch(task, "bolt"), watch(a), watch(b)}));
  REQUIRE(run_to_end(run));
  run.stop();  // again: nothing more
  CHECK(words ==
        Words{"a starts pair 1/1 ''", "b starts pair 1/1 ''", "prepare bolt on 1/1", "cleanup", "b stops", "a stops"});
}

TEST_CASE("A worker hook that throws in start keeps the worker from starting; those before it are stopped") {
  Words words;
  WorkerHookScript good, bad;
  good.start = [&](Context&) { words.push_back("good starts"); };
  good.stop = [&] { words.push_back("good stops"); };
  bad.start = [](Context&) { throw Error("no network"); };
  bad.stop = [&] { words.push_back("bad stops"); };
  SpoutScript spout = numbers(1);
  BoltScript bolt;
  bolt.open = [&](Context&) { words.push_back("open"); };
  {
    EngineRun run(pair_of(spout, bolt) + hooks({watch(good), watch(bad)}));
    CHECK(run.try_start() == "hook scripted.Process: start: no network");
  }
  CHECK(words == Words{"good starts", "good stops"});
}

TEST_CASE("A worker hook that throws in stop is reported, and the others stop") {
  bool stopped = false;
  WorkerHookScript good, bad;
  good.stop = [&] { stopped = true; };
  bad.stop = [] { throw Error("still open"); };
  SpoutScript spout = numbers(1);
  BoltScript bolt;
  EngineRun run(pair_of(spout, bolt) + hooks({watch(good), watch(bad)}));
  REQUIRE(run_to_end(run));
  CHECK(stopped);
  CHECK(run.reported("hook scripted.Process: stop: still open"));
}

TEST_CASE("A hook that does not return is what its task is called") {
  SpoutScript spout = numbers(1);
  BoltScript bolt;
  Signal signal;
  bool inside = false, leave = false;
  HookScript hook;
  hook.ack = [&](const AckInfo&) {
    signal.change([&] { inside = true; });
    signal.wait([&] { return leave; });
  };
  for (const bool pinned : {false, true}) {
    inside = leave = false;
    std::string yaml = pair_of(spout, bolt) + hooks({watch(hook, "bolt")});
    if (pinned) yaml.replace(yaml.find("id: bolt"), 8, "id: bolt, threading: pinned");
    SpoutScript fresh = numbers(1);
    spout.next = fresh.next;
    EngineRun run(yaml);
    run.start();
    REQUIRE(signal.wait([&] { return inside; }));
    const auto names = run.worker().running();
    CHECK(std::count(names.begin(), names.end(), "bolt#0 (hook scripted.Hook)") == 1);
    signal.change([&] { leave = true; });
    CHECK(run.finish());
    run.stop();
  }
}

TEST_CASE("Every event is told once when several threads run many tasks") {
  std::array<std::uint64_t, 2> sent{};  // by task
  SpoutScript spout;
  spout.next = [&](SpoutCollector& out, Context& c) {
    const std::uint64_t n = sent[c.index()]++;
    if (n == 5000) return Next::finished();
    out.emit(Tracked{.id = n}, static_cast<std::int64_t>(n), "text");
    return Next::emitted();
  };
  BoltScript bolt;
  bolt.execute = [](const Tuple& t, Collector& out) {
    const auto n = t.get<std::int64_t>(0);
    out.emit(n, "a");
    out.emit(n, "b");
    out.ack(t);
  };
  BoltScript sink;
  std::atomic<std::uint64_t> emits{0}, executes{0}, acks{0}, fails{0};
  HookScript hook;
  hook.emit = [&](const EmitInfo&) { ++emits; };
  hook.execute = [&](const ExecuteInfo&) { ++executes; };
  hook.ack = [&](const AckInfo&) { ++acks; };
  hook.fail = [&](const FailInfo&) { ++fails; };
  EngineRun run(
      "name: t\nplugins: [scripted]\nspouts: [{id: spout, className: scripted.Source, parallelism: 2, properties: {" +
          at(spout) + "}}]\nbolts:\n  - {id: bolt, className: scripted.Step, parallelism: 4, properties: {" + at(bolt) +
          "}}\n  - {id: sink, className: scripted.Step, parallelism: 2, properties: {" + at(sink) +
          "}}\nstreams:\n  - {from: spout, to: bolt, grouping: {type: SHUFFLE}}\n"
          "  - {from: bolt, to: sink, grouping: {type: FIELDS, args: [n]}}\n" +
          hooks({watch(hook)}),
      3);
  REQUIRE(run_to_end(run));
  CHECK(emits == 10'000 + 20'000 + 20'000);
  CHECK(executes == 10'000 + 20'000);
  CHECK(acks == 10'000 + 10'000 + 20'000);
  CHECK(fails == 0);
}

}  // namespace
}  // namespace gale::test
