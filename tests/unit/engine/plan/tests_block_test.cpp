// SPDX-License-Identifier: Apache-2.0
#include "engine/plan/tests_block.hpp"

#include "tests/unit/engine/plan/fake_catalog.hpp"

#include <doctest/doctest.h>

namespace gale::plan {
namespace {

std::string faults_of(const std::string& tests) {
  Faults faults;
  const yaml::Document document = yaml::parse(tests);
  REQUIRE(document.whole);
  (void)read_tests(document.root, faults);
  std::string text;
  for (const Fault& fault : faults) text += render(fault, "f") + "\n";
  return text;
}

std::vector<TopologyTest> good(const std::string& tests) {
  Faults faults;
  const yaml::Document document = yaml::parse(tests);
  std::vector<TopologyTest> all = read_tests(document.root, faults);
  for (const Fault& fault : faults) FAIL_CHECK(render(fault, "f"));
  return all;
}

TEST_CASE("A test of one component: tuples by position and by name, and time") {
  const auto tests = good(
      "- name: one\n  component: split\n  set: {limit: 3, word: x}\n  finish: false\n  timeout: 2s\n"
      "  inputs: [[a, 1], {line: b}, {from: lines, stream: bad, tuple: [c]}, {advance: 500ms}]\n"
      "  expect: {default: [[a]], bad: []}\n  fails: [why]\n");
  REQUIRE(tests.size() == 1);
  const TopologyTest& test = tests[0];
  CHECK(test.name.value == "one");
  CHECK(test.component.value == "split");
  CHECK(test.set == Sets{{"limit", "3"}, {"word", "x"}});
  CHECK_FALSE(test.finish);
  CHECK(test.timeout == std::chrono::seconds(2));
  CHECK(test.exact);  // as it comes out of one component
  REQUIRE(test.inputs.size() == 4);
  CHECK(test.inputs[0].tuple.values == Value::Array{"a", 1});
  CHECK(test.inputs[0].stream.value == "default");
  CHECK(test.inputs[1].tuple.by_name);
  CHECK(test.inputs[1].tuple.names[0].first == "line");
  CHECK(test.inputs[2].from.value == "lines");
  CHECK(test.inputs[2].stream.value == "bad");
  CHECK(test.inputs[3].advance == Duration(std::chrono::milliseconds(500)));
  REQUIRE(test.expect.size() == 2);
  CHECK(test.expect[0].stream.value == "default");
  CHECK(test.expect[1].tuples.empty());
  CHECK(test.fails[0].value == "why");
}

TEST_CASE("A test of the topology: tuples in the place of spouts; one of them may have none") {
  const auto tests = good(
      "- name: all\n  inputs: {lines: [[a], {stream: bad, tuple: [b]}], other: []}\n  expect: {count: [[a, 1]]}\n");
  REQUIRE(tests.size() == 1);
  CHECK_FALSE(tests[0].exact);
  REQUIRE(tests[0].replaced.size() == 2);
  CHECK(tests[0].replaced[1].value == "other");
  REQUIRE(tests[0].inputs.size() == 2);
  CHECK(tests[0].inputs[1].from.value == "lines");
  CHECK(tests[0].inputs[1].stream.value == "bad");
  CHECK(tests[0].expect[0].component.value == "count");
}

TEST_CASE("What is written wrongly is told with its place") {
  CHECK(faults_of("a: b\n") == "f:1:1: 'tests' wants a list, this is a map\n");
  CHECK(faults_of("- {component: split}\n") == "f:1:3: a test needs 'name'\n");
  CHECK(faults_of("- {name: a, component: s}\n- {name: a, component: s}\n") ==
        "f:2:10: a test of this name stands in line 1 already\n");
  CHECK(faults_of("- {name: a, component: s, input: []}\n") ==
        "f:1:27: unknown key 'input' in a test (did you mean 'inputs'?)\n");
  CHECK(faults_of("- {name: a}\n") == "f:1:3: a test of the topology says in 'expect' what it looks at\n");
  CHECK(faults_of("- {name: a, component: s, inputs: [5]}\n") ==
        "f:1:36: a tuple is a list of values, or a map of fields; this is an integer\n");
  CHECK(faults_of("- {name: a, component: s, inputs: [{advance: soon}]}\n") ==
        "f:1:46: 'advance' wants a time such as 500ms, 10s or 5m\n");
  CHECK(faults_of("- {name: a, inputs: {s: [{advance: 1s}]}, expect: {x: []}}\n") ==
        "f:1:26: only a test of one component turns the clock\n");
  CHECK(faults_of("- {name: a, inputs: {s: 5}, expect: {x: []}}\n") ==
        "f:1:25: 's' wants a list of tuples, this is an integer\n");
  CHECK(faults_of("- {name: a, component: s, order: sorted}\n") == "f:1:34: order is exact or any, not 'sorted'\n");
  CHECK(faults_of("- {name: a, component: s, finish: 1}\n") ==
        "f:1:35: 'finish' wants true or false, this is an integer\n");
  CHECK(faults_of("- {name: a, component: s, set: {k: [1]}}\n") == "f:1:36: 'k' wants one value, this is a list\n");
  CHECK(faults_of("- {name: a, component: s, timeout: ~}\n") ==
        "f:1:36: 'timeout' wants a time such as 500ms, 10s or 5m\n");
}

TEST_CASE("Nothing is put in for ${...} in tests, and a name there is not asked for") {
  const std::string text =
      "name: t\nplugins: [words]\nspouts:\n  - {id: s, className: words.Lines, properties: {path: \"${p}\"}}\nbolts:\n"
      "  - {id: a, className: words.Split}\nstreams:\n  - {from: s, to: a, grouping: {type: SHUFFLE}}\n"
      "tests:\n  - {name: \"${name}\", component: a, inputs: [[\"${x}\"]]}\n";
  const Topology topology = read(text, {{"p", "x"}});
  CHECK(topology.faults.empty());
  Faults faults;
  const auto tests = read_tests(topology.tests, faults);
  REQUIRE(tests.size() == 1);
  CHECK(tests[0].name.value == "${name}");
  CHECK(tests[0].inputs[0].tuple.values == Value::Array{"${x}"});
}

}  // namespace
}  // namespace gale::plan
