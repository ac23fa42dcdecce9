// SPDX-License-Identifier: Apache-2.0
#include "engine/plan/tests_block.hpp"

#include "engine/base/duration.hpp"
#include "engine/plan/grammar.hpp"
#include "engine/plan/properties.hpp"
#include "engine/plan/tree_reader.hpp"

#include <map>
#include <string>
#include <utility>
#include <variant>

namespace gale::plan {
namespace {

class TestsReader {
 public:
  explicit TestsReader(Faults& faults) : tree_(faults) {}

  std::vector<TopologyTest> read(const yaml::Node& tests) {
    std::vector<TopologyTest> all;
    if (tests.is_null()) return all;
    if (tests.kind != yaml::Kind::kSequence) {
      tree_.fault(tests.at, std::string("'tests' wants a list, this is ") + yaml::what(tests));
      return all;
    }
    std::map<std::string, std::uint32_t, std::less<>> names;
    for (const yaml::Node& node : tests.items) {
      if (!tree_.check_map(node, "a test", test_keys())) continue;
      TopologyTest test = read_test(node);
      const auto [before, is_new] = names.emplace(test.name.value, node.at.line);
      if (!is_new && !test.name.value.empty())
        tree_.fault(test.name.at, "a test of this name stands in line " + std::to_string(before->second) + " already");
      all.push_back(std::move(test));
    }
    return all;
  }

 private:
  TopologyTest read_test(const yaml::Node& node) {
    TopologyTest test;
    test.at = node.at;
    test.name = tree_.text_at(node, "name");
    test.component = tree_.text_at(node, "component");
    const bool alone = !test.component.value.empty();
    if (alone) {
      for (const yaml::Node& input : tree_.list(node, "inputs")) test.inputs.push_back(read_input(input, {}, true));
    } else {
      read_spouts(node, test);
    }
    for (const yaml::Entry& entry : tree_.entries(node, "expect")) test.expect.push_back(read_expected(entry, alone));
    if (!alone && test.expect.empty()) tree_.fault(node.at, "a test of the topology says in 'expect' what it looks at");
    test.exact = read_order(node, alone);
    for (const yaml::Node& reason : tree_.list(node, "fails")) test.fails.push_back(tree_.text(reason, "fails"));
    for (const yaml::Entry& entry : tree_.entries(node, "set")) {
      if (entry.value.kind != yaml::Kind::kScalar)
        tree_.fault(entry.value.at, "'" + entry.key + "' wants one value, this is " + yaml::what(entry.value));
      test.set.insert_or_assign(entry.key, entry.value.text);
    }
    read_finish(node, test);
    if (const yaml::Node* timeout = node.find("timeout"))
      test.timeout = read_time(*timeout, "timeout").value_or(test.timeout);
    return test;
  }

  void read_spouts(const yaml::Node& node, TopologyTest& test) {
    for (const yaml::Entry& entry : tree_.entries(node, "inputs")) {
      if (entry.value.kind != yaml::Kind::kSequence && !entry.value.is_null()) {
        tree_.fault(entry.value.at, "'" + entry.key + "' wants a list of tuples, this is " + yaml::what(entry.value));
        continue;
      }
      for (const yaml::Node& input : entry.value.items)
        test.inputs.push_back(read_input(input, {entry.key, entry.key_at}, false));
      test.replaced.push_back({entry.key, entry.key_at});
    }
  }

  TestInput read_input(const yaml::Node& node, Text from, bool alone) {
    TestInput input;
    input.at = node.at;
    input.from = std::move(from);
    input.stream = {"default", node.at};
    if (node.kind == yaml::Kind::kMap && node.find("advance") != nullptr && node.entries.size() == 1) {
      if (!alone) tree_.fault(node.at, "only a test of one component turns the clock");
      input.advance = read_time(*node.find("advance"), "advance").value_or(Duration(0));
    } else if (node.kind == yaml::Kind::kMap && node.find("tuple") != nullptr) {
      tree_.check_map(node, "an input", test_input_keys());
      if (const Text said = tree_.text_at(node, "from"); !said.value.empty()) {
        if (!alone) tree_.fault(said.at, "here 'from' is the spout above already");
        input.from = said;
      }
      if (const Text stream = tree_.text_at(node, "stream"); !stream.value.empty()) input.stream = stream;
      input.tuple = read_tuple(*node.find("tuple"));
    } else {
      input.tuple = read_tuple(node);
    }
    return input;
  }

  TestTuple read_tuple(const yaml::Node& node) {
    TestTuple tuple;
    tuple.at = node.at;
    if (node.kind == yaml::Kind::kScalar)
      tree_.fault(node.at, std::string("a tuple is a list of values, or a map of fields; this is ") + yaml::what(node));
    for (const yaml::Node& value : node.items) tuple.values.push_back(to_value(value));
    tuple.by_name = node.kind == yaml::Kind::kMap;
    for (const yaml::Entry& entry : node.entries) {
      tuple.names.emplace_back(entry.key, entry.key_at);
      tuple.values.push_back(to_value(entry.value));
    }
    return tuple;
  }

  TestExpectation read_expected(const yaml::Entry& entry, bool alone) {
    TestExpectation expected;
    expected.stream = {entry.key, entry.key_at};
    if (!alone) {
      // An id may have dots as well: which of the two it is, whoever knows the ids says.
      expected.component = {entry.key, entry.key_at};
      expected.stream = {"", entry.key_at};
    }
    if (entry.value.kind != yaml::Kind::kSequence && !entry.value.is_null())
      tree_.fault(entry.value.at, "'" + entry.key + "' wants a list of tuples, this is " + yaml::what(entry.value));
    for (const yaml::Node& tuple : entry.value.items) expected.tuples.push_back(read_tuple(tuple));
    return expected;
  }

  bool read_order(const yaml::Node& node, bool alone) {
    const Text order = tree_.text_at(node, "order");
    if (order.value.empty()) return alone;
    if (order.value != "exact" && order.value != "any")
      tree_.fault(order.at, "order is exact or any, not '" + order.value + "'");
    return order.value == "exact";
  }

  void read_finish(const yaml::Node& node, TopologyTest& test) {
    const yaml::Node* finish = node.find("finish");
    if (finish == nullptr) return;
    const yaml::Scalar value = finish->kind == yaml::Kind::kScalar ? yaml::resolve(*finish) : yaml::Scalar();
    if (const bool* said = std::get_if<bool>(&value)) {
      test.finish = *said;
    } else {
      tree_.fault(finish->at, std::string("'finish' wants true or false, this is ") + yaml::what(*finish));
    }
  }

  std::optional<Duration> read_time(const yaml::Node& node, const char* key) {
    const auto time = node.kind == yaml::Kind::kScalar ? parse_duration(node.text) : std::nullopt;
    if (!time) tree_.fault(node.at, "'" + std::string(key) + "' wants a time such as 500ms, 10s or 5m");
    return time;
  }

  TreeReader tree_;
};

}  // namespace

std::vector<TopologyTest> read_tests(const yaml::Node& tests, Faults& faults) {
  return TestsReader(faults).read(tests);
}

}  // namespace gale::plan
