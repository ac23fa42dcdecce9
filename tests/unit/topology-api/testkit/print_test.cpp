// SPDX-License-Identifier: Apache-2.0
//
// What a failed check shows.
#include "gale/testkit/print.hpp"

#include "components.hpp"

#include <doctest/doctest.h>

#include <limits>
#include <sstream>

namespace gale::testkit::test {
namespace {

template <class T>
std::string shown(const T& value) {
  std::ostringstream out;
  out << value;
  return out.str();
}

TEST_CASE("Values are shown as a test writes them") {
  CHECK(shown(Value()) == "nil");
  CHECK(shown(Value(true)) == "true");
  CHECK(shown(Value(-1)) == "-1");
  CHECK(shown(Value(std::numeric_limits<std::uint64_t>::max())) == "18446744073709551615");
  CHECK(shown(Value(1.0)) == "1.0");
  CHECK(shown(Value(-0.5)) == "-0.5");
  CHECK(shown(Value(1e300)) == "1e+300");
  CHECK(shown(Value("a\"b\\\n\t\x01")) == R"("a\"b\\\n\t\x01")");
  CHECK(shown(Value("é")) == "\"é\"");
  CHECK(shown(Value(Bytes{"x"})) == "bytes \"x\"");
  CHECK(shown(Value(Value::Array{1, "a"})) == R"([1, "a"])");
  CHECK(shown(Value(Value::Array{})) == "[]");
  CHECK(shown(Value(Value::Map{{"k", 1}, {"l", Value::Map{}}})) == R"({"k": 1, "l": {}})");
  CHECK(shown(Value(std::string(1000, 'x'))) == "\"" + std::string(200, 'x') + "\"... (1000 bytes)");
}

TEST_CASE("Rows, emits and inputs are shown") {
  CHECK(shown(Rows{{"a", 1}, {}}) == R"({{"a", 1}, {}})");
  CHECK(shown(Value::Array{1, 2}) == "{1, 2}");
  Harness<Split> split;
  const Input input = split.execute({"a b"});
  CHECK(shown(split.emitted()) == R"({{"a"}, {"b"}})");
  CHECK(shown(split.emitted()[0]) == R"({"a"} on default from {#1})");
  CHECK(shown(input) == R"(#1 {"a b"} of test/default (acked))");
  CHECK(shown(split.execute({1})) ==
        "#2 {1} of test/default (failed: field '?' (#0) of test/default: asked for "
        "string, is integer)");
  CHECK(shown(split.failed()) == "{#2}");
  CHECK(shown(Said::idle_until) == "idle_until");
  CHECK(shown(Emit{"s", {1}, {}, 7, Replay::engine, 3, {}}) == "{1} on s from {} with id 7 to task 3");
}

TEST_CASE("Rows are compared by value and type") {
  Harness<Split> split;
  split.execute({"a"});
  CHECK(split.emitted() == Rows{{"a"}});
  CHECK_FALSE(split.emitted() == Rows{{Bytes{"a"}}});
  CHECK_FALSE(split.emitted() == Rows{{"a"}, {"b"}});
  CHECK_FALSE(Rows{{1}} == Rows{{1.0}});
}

}  // namespace
}  // namespace gale::testkit::test
