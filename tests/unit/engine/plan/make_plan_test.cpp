// SPDX-License-Identifier: Apache-2.0
#include "engine/plan/make_plan.hpp"

#include "tests/unit/engine/plan/fake_catalog.hpp"

#include <doctest/doctest.h>

#include <chrono>

namespace gale::plan {
namespace {

constexpr const char* kWordCount = R"(
name: word-count
plugins: [words]
config:
  topology.workers: 2
  topology.message.timeout.secs: 2.5
spouts:
  - id: lines
    className: words.Lines
    properties: {path: "${input}", limit: 10, rate: 3}
    parallelism: 2
    config: {topology.max.spout.pending: 100}
bolts:
  - {id: split, className: words.Split, parallelism: 2, numTasks: 3}
  - id: count
    className: words.Count
    properties: []
streams:
  - {from: lines, to: split, grouping: {type: SHUFFLE}}
  - {name: by word, from: split, to: count, grouping: {type: fields, args: [word]}}
  - {from: lines, to: count, grouping: {type: ALL, streamId: bad}}
)";

TEST_CASE("A good file becomes a plan: components, streams, inputs and keys by number") {
  const Plan plan = good_plan(kWordCount, {{"input", "/data"}});
  CHECK(plan.name == "word-count");
  REQUIRE(plan.components.size() == 3);
  const Component& lines = plan.components[0];
  CHECK(lines.plugin == "words");
  CHECK(lines.type == "Lines");
  CHECK(lines.config == Value::Map{{"path", "/data"}, {"limit", 10}, {"rate", 3.0}});
  REQUIRE(plan.edges.size() == 3);
  CHECK(plan.edges[1].grouping == Grouping::kFields);
  CHECK(plan.edges[1].key == std::vector<std::uint16_t>{0});
  CHECK(plan.edges[1].input == 0);
  CHECK(plan.edges[2].stream == 1);
  CHECK(plan.edges[2].input == 1);
  CHECK(plan.components[2].inputs == std::vector<std::size_t>{1, 2});
  CHECK(lines.streams[0].edges == std::vector<std::size_t>{0});
  CHECK(lines.streams[1].edges == std::vector<std::size_t>{2});
}

TEST_CASE("Tasks are numTasks, else parallelism; ids are dense, and ledgers count spout tasks") {
  const Plan plan = good_plan(kWordCount, {{"input", "x"}});
  REQUIRE(plan.tasks.size() == 6);
  CHECK(plan.components[1].first_task == TaskId(2));
  CHECK(plan.components[1].tasks == 3);
  CHECK(plan.name_of(TaskId(4)) == "split#2");
  CHECK(plan.ledgers == std::vector<TaskId>{TaskId(0), TaskId(1)});
  CHECK(plan.tasks[1].ledger == LedgerId(1));
  CHECK(report_of(kWordCount, {{"input", "x"}}) == "f.yaml: ok: 1 spouts, 2 bolts, 6 tasks, 2 workers\n");
}

TEST_CASE("A component's settings lie over the topology's, and --workers over the file's") {
  const Plan plan = good_plan(kWordCount, {{"input", "x"}}, {.workers = 4});
  CHECK(plan.workers == 4);
  CHECK(plan.settings.workers == 4);
  CHECK(plan.settings.message_timeout == std::chrono::milliseconds(2500));
  CHECK(plan.settings.max_spout_pending == 65536);
  CHECK(plan.components[0].settings.max_spout_pending == 100);
  CHECK(plan.components[0].settings.message_timeout == std::chrono::milliseconds(2500));
  CHECK(report_of(kWordCount, {{"input", "x"}}, {.workers = 0}) == "f.yaml: --workers is 0; it may be 1 to 1024\n");
  CHECK(report_of(kWordCount, {{"input", "x"}}, {.workers = 70000}) ==
        "f.yaml: --workers is 70000; it may be 1 to 1024\n");
}

TEST_CASE("--tasks changes how many tasks a component has, and names one that there is") {
  const Plan plan = good_plan(kWordCount, {{"input", "x"}}, {.workers = {}, .tasks = {{"split", 5}}});
  CHECK(plan.components[1].id == "split");
  CHECK(plan.components[1].tasks == 5);
  CHECK(plan.tasks.size() == 8);
  CHECK(report_of(kWordCount, {{"input", "x"}}, {.workers = {}, .tasks = {{"splti", 5}}}) ==
        "f.yaml: --tasks: no component 'splti' (did you mean 'split'?)\n");
  CHECK(report_of(kWordCount, {{"input", "x"}}, {.workers = {}, .tasks = {{"split", 0}}}) ==
        "f.yaml: --tasks split is 0; a component has at least one\n");
  CHECK(report_of(kWordCount, {{"input", "x"}}, {.workers = {}, .tasks = {{"split", 4'000'000'000u}}})
            .find("the topology has 4000000003 tasks, it may have ") != std::string::npos);
}

std::string with_bolt(const std::string& bolt) {
  return "name: t\nplugins: [words]\nspouts: [{id: s, className: words.Lines, properties: {path: x}}]\n"
         "bolts: [{id: b, " +
         bolt + "}]\nstreams: [{from: s, to: b, grouping: {type: GLOBAL}}]\n";
}

std::string with_property(const std::string& property) {
  return "name: t\nplugins: [words]\nspouts:\n  - id: s\n    className: words.Lines\n    properties:\n      " +
         property + "\n";
}

TEST_CASE("The period of ticks is the component's own unless its config has one") {
  CHECK(good_plan(with_bolt("className: words.Ticker")).components[1].tick_ms == 250);
  CHECK(good_plan(with_bolt("className: words.Ticker, config: {topology.tick.tuple.freq.secs: 0.003}"))
            .components[1]
            .tick_ms == 3);
  CHECK(good_plan(with_bolt("className: words.Ticker, config: {topology.tick.tuple.freq.secs: 0}"))
            .components[1]
            .tick_ms == 0);
}

TEST_CASE("A pinned component sits on its worker, counted from 1, and there must be one") {
  const std::string text = with_bolt("className: words.Sink, parallelism: 3, config: {topology.component.worker: 2}");
  const Plan plan = good_plan(text, {}, {.workers = 2});
  for (const TaskId id : {TaskId(1), TaskId(2), TaskId(3)}) CHECK(plan.tasks[id.value].worker == WorkerId(1));
  CHECK(report_of(text) ==
        "f.yaml:4:92: 'topology.component.worker' is worker 2, of 1; see topology.workers and --workers\n");
}

TEST_CASE("Properties may be Flux's list, and set declared types") {
  const Plan plan = good_plan(R"(
name: t
plugins: [words]
spouts:
  - id: s
    className: words.Lines
    properties:
      - {name: path, value: "5"}
      - {name: loop, value: true}
      - {name: rate, value: 1}
      - {name: skip, value: [1, a, [~]]}
      - name: extra
        value: {a: {b: 1.5}}
)");
  CHECK(plan.components[0].config == Value::Map{{"path", "5"},
                                                {"loop", true},
                                                {"rate", 1.0},
                                                {"skip", Value::Array{1, "a", Value::Array{nullptr}}},
                                                {"extra", Value::Map{{"a", Value::Map{{"b", 1.5}}}}}});
}

TEST_CASE("A property of another type is a fault that says both") {
  const std::string start = "f.yaml:7:";
  CHECK(report_of(with_property("path: 5")) == start + "13: 'path' wants string, is integer; put it in quotes\n");
  CHECK(report_of(with_property("{path: x, limit: a}")) == start + "24: 'limit' wants integer, is string\n");
  CHECK(report_of(with_property("{path: x, limit: \"5\"}")) == start + "24: 'limit' wants integer, is string\n");
  CHECK(report_of(with_property("{path: x, limit: 1.5}")) == start + "24: 'limit' wants integer, is double\n");
  CHECK(report_of(with_property("{path: x, loop: yes}")) ==
        start + "23: 'loop' wants bool, is string; write true or false\n");
  CHECK(report_of(with_property("{path: x, rate: 9007199254740993}")) ==
        start + "23: 'rate' wants double, is integer\n");
  CHECK(report_of(with_property("{path: x, skip: a}")) == start + "23: 'skip' wants list, is string\n");
  CHECK(report_of(with_property("{path: x, extra: []}")) == start + "24: 'extra' wants map, is list\n");
  CHECK(report_of(with_property("{path: ~}")) == start + "14: 'path' wants string, is nothing\n");
}

TEST_CASE("A value from --set takes the type that the component declares") {
  const Sets sets = {{"p", "2024"}, {"n", "5"}};
  const Plan plan = good_plan(with_property("{path: \"${p}\", limit: \"${n}\"}"), sets);
  CHECK(plan.components[0].config == Value::Map{{"path", "2024"}, {"limit", 5}});
  CHECK(report_of(with_property("{path: x, limit: \"${n}\"}"), {{"n", "five"}}) ==
        "f.yaml:7:24: 'limit' wants integer, is string 'five', put in for ${...}\n");
  CHECK(good_plan(with_bolt("className: words.Sink, parallelism: \"${n}\""), {{"n", "5"}}).tasks.size() == 6);
}

TEST_CASE("A file may be called otherwise than its plugin; className has the name that the plugin gives itself") {
  const Plan plan = good_plan(
      "name: t\nplugins: [./build/words.so]\nspouts: [{id: s, className: words.Lines, properties: {path: x}}]\n");
  CHECK(plan.components[0].plugin == "./build/words.so");
  CHECK(report_of("name: t\nplugins: [./build/words.so, words]\nspouts: [{id: s, className: words.Lines, properties: "
                  "{path: x}}]\n") ==
        "f.yaml:2:29: 'words' is plugin words 1.0.0, and so is './build/words.so' (words "
        "1.0.0): list one of the two\n");
}

std::string with_streams(const std::string& streams) {
  return "name: t\nplugins: [words]\nspouts: [{id: s, className: words.Lines, properties: {path: x}}]\nbolts:\n"
         "  - {id: a, className: words.Split}\n  - {id: b, className: words.Count}\nstreams:\n" +
         streams;
}

TEST_CASE("The stream that closes a cycle is feedback, and no other") {
  const auto feedback = [](const std::string& streams) {
    std::vector<bool> marks;
    for (const Edge& e : good_plan(with_streams(streams)).edges) marks.push_back(e.feedback);
    return marks;
  };
  const std::string there =
      "  - {from: s, to: a, grouping: {type: SHUFFLE}}\n  - {from: a, to: b, grouping: {type: SHUFFLE}}\n";
  CHECK(feedback(there) == std::vector<bool>{false, false});
  CHECK(feedback(there + "  - {from: b, to: a, grouping: {type: SHUFFLE}}\n") == std::vector<bool>{false, false, true});
  CHECK(feedback(there + "  - {from: b, to: b, grouping: {type: SHUFFLE}}\n") == std::vector<bool>{false, false, true});
}

TEST_CASE("Bolts that feed each other and are fed by no spout are faults") {
  CHECK(report_of(with_streams("  - {from: a, to: b, grouping: {type: SHUFFLE}}\n"
                               "  - {from: b, to: a, grouping: {type: SHUFFLE}}\n")) ==
        "f.yaml:5:5: bolt 'a' gets nothing: no way leads to it from a spout; add a stream, or remove it\n"
        "f.yaml:6:5: bolt 'b' gets nothing: no way leads to it from a spout; add a stream, or remove it\n");
}

std::string large_topology(int bolts, int parallelism) {
  std::string text =
      "name: t\nplugins: [words]\nspouts: [{id: s, className: words.Lines, properties: {path: x}}]\nbolts:\n";
  std::string streams = "streams:\n";
  for (int i = 0; i < bolts; ++i) {
    const std::string id = "b" + std::to_string(i);
    text += "  - {id: " + id + ", className: words.Split, parallelism: " + std::to_string(parallelism) + "}\n";
    streams +=
        "  - {from: " + (i == 0 ? "s" : "b" + std::to_string(i - 1)) + ", to: " + id + ", grouping: {type: SHUFFLE}}\n";
  }
  return text + streams;
}

TEST_CASE("A plan of a thousand tasks takes milliseconds") {
  const std::string text = large_topology(100, 10);
  const Topology topology = read(text);
  FakeCatalog catalog;
  const auto begin = std::chrono::steady_clock::now();
  const PlanOutcome outcome = make_plan(topology, catalog);
  const auto took = std::chrono::steady_clock::now() - begin;
  REQUIRE(outcome.plan);
  CHECK(outcome.plan->tasks.size() == 1001);
  CHECK(took < std::chrono::milliseconds(200));  // some 2 ms with all debugging, here is room for a busy machine
}

TEST_CASE("More tasks than there may be are refused before anything is laid out") {
  CHECK(report_of(large_topology(2, 60000)) == "f.yaml:1:1: the topology has 120001 tasks, it may have 65535\n");
}

}  // namespace
}  // namespace gale::plan
