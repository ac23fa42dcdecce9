// SPDX-License-Identifier: Apache-2.0
#include "supervisor/trial/resolve.hpp"

#include "tests/unit/engine/plan/fake_catalog.hpp"

#include <doctest/doctest.h>

namespace gale::trial {
namespace {

/// s -> split -> count -> join; s's bad lines -> join too; teller has a direct stream; the id a.b has a dot.
const plan::Plan& sample() {
  static const plan::Plan plan = plan::good_plan(
      "name: t\nplugins: [words]\nspouts:\n  - {id: s, className: words.Lines, properties: {path: x}}\nbolts:\n"
      "  - {id: split, className: words.Split}\n  - {id: count, className: words.Count}\n"
      "  - {id: join, className: words.Sink}\n  - {id: teller, className: words.Teller}\n"
      "  - {id: a.b, className: words.Split}\nstreams:\n"
      "  - {from: s, to: split, grouping: {type: SHUFFLE}}\n  - {from: split, to: count, grouping: {type: SHUFFLE}}\n"
      "  - {from: count, to: join, grouping: {type: SHUFFLE}}\n"
      "  - {from: s, to: join, grouping: {type: SHUFFLE, streamId: bad}}\n"
      "  - {from: s, to: teller, grouping: {type: SHUFFLE}}\n  - {from: s, to: a.b, grouping: {type: SHUFFLE}}\n");
  return plan;
}

std::optional<ResolvedTest> resolved(const std::string& test, Faults& faults) {
  const yaml::Document document = yaml::parse("- {name: n, " + test + "}\n");
  REQUIRE(document.whole);
  const auto tests = plan::read_tests(document.root, faults);
  REQUIRE(tests.size() == 1);
  return resolve(tests[0], sample(), faults);
}
ResolvedTest good(const std::string& test) {
  Faults faults;
  auto one = resolved(test, faults);
  for (const Fault& fault : faults) FAIL_CHECK(render(fault, "f"));
  REQUIRE(one);
  return std::move(*one);
}
std::string fault_of(const std::string& test) {
  Faults faults;
  CHECK_FALSE(resolved(test, faults));
  std::string text;
  for (const Fault& fault : faults) text += (text.empty() ? "" : "\n") + fault.text;
  return text;
}

TEST_CASE("One component: tuples get their input's number and the order of its fields") {
  const ResolvedTest one = good(
      "component: join, inputs: [{from: count, tuple: {count: 2, word: a}}, {from: s, stream: bad, tuple: [x, y]}, "
      "{advance: 1s}]");
  CHECK(one.alone == 3);
  REQUIRE(one.steps.size() == 3);
  CHECK(one.steps[0].from == 0);
  CHECK(one.steps[0].values == Value::Array{"a", 2});
  CHECK(one.steps[1].from == 1);
  CHECK(one.steps[2].advance == Duration(std::chrono::seconds(1)));
  CHECK(good("component: split, inputs: [[a]]").steps[0].from == 0);
}

TEST_CASE("The topology: components and streams by name, also where an id has dots; what is left out may be anything") {
  const ResolvedTest one =
      good("inputs: {s: [[a], {stream: bad, tuple: [x, y]}]}, expect: {count: [{word: a}], s.bad: [], a.b: []}");
  CHECK_FALSE(one.alone);
  CHECK(one.replaced == std::vector<std::size_t>{0});
  REQUIRE(one.steps.size() == 2);
  CHECK(one.steps[1].stream == 1);
  REQUIRE(one.wanted.size() == 3);
  CHECK(one.wanted[0].component == 2);
  CHECK(one.wanted[0].rows[0].values == std::vector<std::optional<Value>>{Value("a"), std::nullopt});
  CHECK(stream_name(sample(), one.wanted[1].component, one.wanted[1].stream) == "s.bad");
  CHECK(one.wanted[2].component == 5);
  CHECK(good("inputs: {s: []}, expect: {split: []}").replaced.size() == 1);
}

TEST_CASE("What does not fit is told with what would") {
  CHECK(fault_of("component: splot, inputs: []") == "no bolt has the id 'splot' (did you mean 'split'?)");
  CHECK(fault_of("component: s, inputs: []") == "'s' is no bolt; a spout's place is taken by inputs: {s: [...]}");
  CHECK(fault_of("component: split, expect: {defalt: []}") ==
        "'split' has no stream 'defalt' (did you mean 'default'?)");
  CHECK(fault_of("component: split, inputs: [[a, b]]") == "a tuple of s/default has 1 values (line), this one has 2");
  CHECK(fault_of("component: split, inputs: [{lin: a}]").find("s/default has no field 'lin' (did you mean 'line'?)") ==
        0);
  CHECK(fault_of("component: join, inputs: [{from: count, tuple: {word: a}}]") ==
        "this tuple lacks field 'count' of count/default");
  CHECK(fault_of("component: join, inputs: [[a, 1]]").find("'join' reads count/default, s/bad: say which one") == 0);
  CHECK(fault_of("component: join, inputs: [{from: split, tuple: [a]}]").find("'join' reads no split/default") == 0);
  CHECK(fault_of("inputs: {split: [[a]]}, expect: {count: []}").find("'split' is no spout; to give tuples to a bolt") ==
        0);
  CHECK(fault_of("inputs: {x: []}, expect: {count: []}") == "no spout has the id 'x'; there are: s");
  CHECK(fault_of("inputs: {s: [{stream: bat, tuple: [a]}]}, expect: {count: []}") ==
        "'s' has no stream 'bat' (did you mean 'bad'?)");
  CHECK(fault_of("expect: {cont: []}") == "no component has the id 'cont' (did you mean 'count'?)");
  CHECK(fault_of("expect: {count.bad: []}") == "'count' has no stream 'bad'; there are: default");
  CHECK(fault_of("expect: {teller: []}").find("stream 'default' is direct") == 0);
  CHECK(fault_of("expect: {count: [], count.default: []}") == "count stands in expect a second time");
  CHECK(fault_of("expect: {count: []}, fails: [x]").find("fails are told of tuples that stand in inputs") == 0);
  CHECK(fault_of("expect: {count: [[a]]}") == "a tuple of count has 2 values (word, count), this one has 1");
}

}  // namespace
}  // namespace gale::trial
