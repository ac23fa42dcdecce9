// SPDX-License-Identifier: Apache-2.0
//
// TopologyTest: an entry of a topology file's `tests:`, as written. Which components and streams there are is not
// known here; whoever runs a test looks that up. Pure functions.
//
//   tests:
//     - name: splits at blanks
//       component: split                     # one bolt alone; without it, the whole topology
//       inputs: [[a b], {line: c}, {from: lines, stream: default, tuple: [d]}, {advance: 1s}]
//       expect: {default: [[a], [b], [c], [d]], bad: []}
//       order: exact | any                   fails: [part of a reason]
//       set: {key: value}   finish: true     timeout: 10s
//     - name: counts
//       inputs: {lines: [[a b a], {stream: other, tuple: [x]}]}     # in the place of that spout
//       expect: {count: [[a, 2], [b, 1]], split.bad: []}
#pragma once

#include "engine/base/clock.hpp"
#include "engine/base/fault.hpp"
#include "engine/base/yaml.hpp"
#include "engine/plan/substitute.hpp"
#include "engine/plan/topology.hpp"
#include "gale/value.hpp"

#include <optional>
#include <string>
#include <utility>
#include <vector>

namespace gale::plan {

/// Values by position, or by the name of their field.
struct TestTuple {
  Position at;
  bool by_name = false;
  Value::Array values;
  std::vector<std::pair<std::string, Position>> names;  // by_name: of each value
};

/// What happens next: a tuple comes, or time passes.
struct TestInput {
  Position at;
  Text from, stream;  // stream: "default" unless it is said
  TestTuple tuple;
  std::optional<Duration> advance;
};

struct TestExpectation {
  Text component, stream;  // component: empty with TopologyTest::component
  std::vector<TestTuple> tuples;
};

struct TopologyTest {
  Position at;
  Text name, component;
  std::vector<TestInput> inputs;  // without a component, `from` is the spout
  std::vector<Text> replaced;     // the spouts that inputs come in the place of
  std::vector<TestExpectation> expect;
  std::vector<Text> fails;
  Sets set;
  bool exact = false, finish = true;
  Duration timeout = std::chrono::seconds(10);
};

/// All of them; what is wrong with some adds faults.
[[nodiscard]] std::vector<TopologyTest> read_tests(const yaml::Node& tests, Faults& faults);

}  // namespace gale::plan
