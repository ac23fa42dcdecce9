// SPDX-License-Identifier: Apache-2.0
#include "orders.hpp"
#include "topology-api/components/filter/bolt.hpp"

#include <doctest/doctest.h>

#include <cmath>

namespace gale::stock::filter {
namespace {

using test::Rows;
using Map = Value::Map;
using Array = Value::Array;

Value is(const char* field, const char* op, Value value) {
  return Map{{"field", field}, {"op", op}, {"value", std::move(value)}};
}
const testkit::Options kOrders = test::orders({"text", "n"});
Map config(Array where) { return {{"where", Value(std::move(where))}}; }
/// The rows of `rows` that pass.
Rows passing(Array where, const Rows& rows) {
  test::Harness<Bolt> filter(config(std::move(where)), kOrders);
  filter.execute_batch(rows);
  CHECK(filter.emits().size() == rows.size());  // the others are on rest
  return filter.emitted().rows();
}
/// Whether one value passes one test of the field n.
bool passes(const char* op, Value value, Value n) {
  return !passing({is("n", op, std::move(value))}, {{"", n}}).empty();
}
std::string refusal(Array where) { return testkit::refusal<Bolt>(config(std::move(where)), kOrders); }

TEST_CASE("Numbers are compared by value, whatever their types") {
  CHECK(passes(">", 10, 10.5));
  CHECK_FALSE(passes(">", 10.5, 10));
  CHECK(passes("==", 1, 1.0));
  CHECK(passes("<=", -1, -1));
  CHECK_FALSE(passes("<", 0, std::uint64_t{1} << 63));
  // 2^53 + 1 is no double: rounded to one it would be equal
  CHECK(passes("!=", 9007199254740992.0, 9007199254740993));
  CHECK(passes(">", 9007199254740992.0, 9007199254740993));
  CHECK_FALSE(passes("==", std::nan(""), std::nan("")));
}

TEST_CASE("Texts are compared by their bytes and searched") {
  CHECK(passes("<", "b", "a"));
  CHECK(passes("==", "a", "a"));
  CHECK(passes("==", "\xff", Bytes{"\xff"}));
  CHECK(passes("contains", "bc", "abcd"));
  CHECK(passes("starts_with", "ab", "abcd"));
  CHECK_FALSE(passes("starts_with", "abcde", "abcd"));
  CHECK(passes("ends_with", "cd", "abcd"));
  CHECK_FALSE(passes("ends_with", "bc", "abcd"));
  CHECK(passes("matches", "^a.*d$", "abcd"));
  CHECK_FALSE(passes("matches", "^b", "abcd"));
  CHECK(passes("matches", "error", "\xff\xfe error \x80"));  // no UTF-8 around it
}

TEST_CASE("A long line and a bad pattern cost time in proportion, and no stack") {
  CHECK_FALSE(passes("matches", "(a|b|ab)*c", std::string(3'000'000, 'a')));
}

TEST_CASE("Values of two kinds are not equal, and neither is less; that is counted") {
  test::Harness<Bolt> filter(config({is("n", "<", 5)}), kOrders);
  filter.execute_batch({{"", "4"}, {"", nullptr}, {"", true}, {"", 4}});
  CHECK(filter.counter("mismatched") == 2);  // nil may well be missing
  CHECK(filter.counter("passed") == 1);
  CHECK(passes("!=", 5, "5"));
  CHECK_FALSE(passes("==", 5, "5"));
}

TEST_CASE("Lists, nil, kinds") {
  CHECK(passes("in", Value(Array{1, "a", 2.5}), 2.5));
  CHECK(passes("in", Value(Array{1, "a"}), "a"));
  CHECK_FALSE(passes("in", Value(Array{}), 1));
  const auto test = [](const char* op) { return Array{Map{{"field", "n"}, {"op", op}}}; };
  CHECK(passing(test("is_nil"), {{"", nullptr}, {"", 0}}) == Rows{{"", nullptr}});
  CHECK(passing(test("is_number"), {{"", "1"}, {"", 0}}) == Rows{{"", 0}});
  CHECK(passing(test("is_text"), {{"", "1"}, {"", 0}}) == Rows{{"", "1"}});
}

TEST_CASE("All of a list must hold; any, all and not nest") {
  const Value any = Map{{"any", Value(Array{is("n", "==", 1), is("n", "==", 2)})}};
  const Value no = Map{{"not", is("text", "==", "b")}};
  CHECK(passing({any, no}, {{"a", 1}, {"b", 1}, {"a", 2}, {"a", 3}}) == Rows{{"a", 1}, {"a", 2}});
  CHECK(passing({Map{{"all", Value(Array{any, no})}}}, {{"a", 1}, {"b", 2}}) == Rows{{"a", 1}});
  CHECK(passing({}, {{"a", 1}}).size() == 1);
  CHECK(passing({Map{{"any", Value(Array{})}}}, {{"a", 1}}).empty());
}

TEST_CASE("A wrong condition is refused where the topology is checked, and shown") {
  CHECK(refusal({is("n", "=", 1)}) ==
        "there is no op '='; there are: == != < <= > >= contains starts_with ends_with matches in is_nil is_number "
        "is_text");
  CHECK(refusal({is("n", "contains", 1)}) == "op 'contains' takes text, this is 1; put it in quotes");
  CHECK(refusal({is("n", "<", true)}) == "op '<' takes a number or text, this is true");
  CHECK(refusal({is("n", "in", 1)}) == "op 'in' takes a list of values, this is 1");
  CHECK(refusal({is("n", "matches", "(")}) == "'(' is no regular expression: missing ): (");
  CHECK(refusal({Map{{"field", "n"}, {"op", "=="}}}) == R"(op '==' takes a value: {"field":"n","op":"=="})");
  CHECK(refusal({is("n", "is_nil", 1)}).find("takes no value") != std::string::npos);
  CHECK(refusal({"n > 1"}) ==
        R"(a condition is {field, op, value}, {any: [...]}, {all: [...]} or {not: ...}, this is "n > 1")");
  CHECK(refusal({Map{{"any", 1}}}) == "any and all take a list of conditions, this is 1");
  CHECK(refusal({is("price", "==", 1)}) == "no field 'price' in orders/default");
  Value deep = is("n", "==", 1);
  for (int i = 0; i < 20; ++i) deep = Map{{"not", deep}};
  CHECK(refusal({deep}) == "conditions are nested deeper than 16");
}

}  // namespace
}  // namespace gale::stock::filter
