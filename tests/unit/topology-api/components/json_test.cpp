// SPDX-License-Identifier: Apache-2.0
#include "orders.hpp"
#include "topology-api/components/json/convert.hpp"
#include "topology-api/components/json/parse_bolt.hpp"

#include <doctest/doctest.h>

#include <nlohmann/json.hpp>

#include <limits>

namespace gale::stock::json {
namespace {

using Cells = Value::Array;
using Map = Value::Map;
using Array = Value::Array;

const testkit::Options kOrders = test::orders({"line", "id"});
Map config(Array fields, Map more = {}) {
  if (!fields.empty()) more["fields"] = Value(std::move(fields));
  return more;
}
/// What comes of one text; of the stream bad when that is where it went.
Cells parsed(Array fields, Value text, const char* stream = "default") {
  test::Harness<ParseBolt> parse(config(std::move(fields)), kOrders);
  CHECK(parse.execute({std::move(text), 7}) == test::State::acked);
  REQUIRE(parse.emits().size() == 1);
  REQUIRE(parse.emitted(stream).size() == 1);
  return parse.emits()[0].values;
}
std::string reason(Array fields, Value text) {
  return parsed(std::move(fields), std::move(text), "bad").at(1).get<std::string>();
}
std::string refusal(Array fields) { return testkit::refusal<ParseBolt>(config(std::move(fields)), kOrders); }
Value typed(const char* path, const char* type) { return Map{{"path", path}, {"type", type}}; }

TEST_CASE("Fields are read by path, with what each holds") {
  CHECK(parsed({"a.b", "list[1].x", "/odd.name/0", "whole"},
               R"({"a":{"b":-1},"list":[0,{"x":"é"}],"odd.name":[true],"whole":{"k":[1,2.0,null]}})") ==
        Cells{-1, "é", true, Value(Map{{"k", Value(Array{1, 2.0, nullptr})}})});
  CHECK(parsed({}, R"([1,"a"])") == Cells{Value(Array{1, "a"})});  // no fields: the document
  CHECK(parsed({"n"}, R"({"n":18446744073709551615})") == Cells{std::numeric_limits<std::uint64_t>::max()});
  CHECK(parsed({"a"}, Bytes{R"({"a":1})"}) == Cells{1});
}

TEST_CASE("A type takes what is exactly of it") {
  CHECK(parsed({typed("n", "integer")}, R"({"n":3.0})") == Cells{3});
  CHECK(parsed({typed("n", "double")}, R"({"n":3})") == Cells{3.0});
  CHECK(parsed({typed("n", "bool"), typed("s", "string")}, R"({"n":false,"s":""})") == Cells{false, ""});
  CHECK(reason({typed("n", "integer")}, R"({"n":3.5})") == "'n' is double, not integer");
  CHECK(reason({typed("n", "integer")}, R"({"n":1e300})") == "'n' is double, not integer");
  CHECK(reason({typed("a.n", "string")}, R"({"a":{"n":3}})") == "'a.n' is integer, not string");
  CHECK(reason({typed("n", "double")}, R"({"n":null})") == "'n' is null, not double");
}

TEST_CASE("What may be missing is nil, or its default; what may not makes the line bad") {
  const Value optional = Map{{"name", "x"}, {"optional", true}};
  const Value fallback = Map{{"name", "y"}, {"type", "integer"}, {"default", 5}};
  CHECK(parsed({optional, fallback}, "{}") == Cells{nullptr, 5});
  CHECK(parsed({optional, fallback}, R"({"x":1,"y":null})") == Cells{1, 5});
  CHECK(reason({"a.b"}, R"({"a":1})") == "there is no 'a.b'");
  CHECK(reason({"a[2]"}, R"({"a":[1]})") == "there is no 'a[2]'");
}

TEST_CASE("What is no JSON goes to bad with its text and the reason") {
  CHECK(parsed({"a"}, "no json", "bad") ==
        Cells{"no json",
              "parse error at line 1, column 2: syntax error while parsing value - invalid literal; last read: 'no'"});
  for (const char* bad :
       {"", " ", "{", "{\"a\":1}}", "{\"a\":1,}", "nul", "\"\xff\"", "{'a':1}", "[1", "\xef\xbb\xbf"}) {
    CHECK(!reason({"a"}, bad).empty());
  }
  CHECK(reason({"a"}, 12) == "the field is integer, not text");
  CHECK(reason({"a"}, R"({"a":1e999})").find("number overflow") == 0);
}

TEST_CASE("Nesting costs no stack, and beyond what a tuple holds it is bad") {
  std::string deep(100'000, '[');
  CHECK(!reason({"a"}, deep).empty());
  deep += std::string(100'000, ']');
  CHECK(reason({}, deep) == "nested deeper than 30");
  CHECK(reason({"a"}, R"({"a":)" + deep + "}") == "nested deeper than 30");
}

TEST_CASE("Other fields of the input are kept behind those that are read") {
  test::Harness<ParseBolt> parse(config({"a"}, {{"keep", Value(Array{"id"})}, {"field", "line"}}), kOrders);
  parse.execute_batch({{R"({"a":1})", 7}, {"?", 8}});
  CHECK(parse.emitted() == test::Rows{{1, 7}});
  CHECK(parse.counter("bad") == 1);
}

TEST_CASE("A wrong field is refused where the topology is checked, and shown") {
  CHECK(refusal({""}) == "'' is no path: it is empty; write user.name, items[0].price or /user/name");
  CHECK(refusal({"a..b"}).find("a name in it is empty") != std::string::npos);
  CHECK(refusal({"a."}).find("a name in it is empty") != std::string::npos);
  CHECK(refusal({"a[x]"}).find("[ ] wants a number") != std::string::npos);
  CHECK(refusal({"a[1"}).find("[ ] wants a number") != std::string::npos);
  CHECK(refusal({"/a~b"}).find("in a pointer a ~ stands as ~0") != std::string::npos);
  CHECK(refusal({typed("a", "int")}) ==
        R"(key 'fields': {"path":"a","type":"int"}: type 'int' may be any, string, integer, double or bool)");
  CHECK(refusal({Map{{"path", "a"}, {"tpye", "any"}}}).find("'tpye' is not known") != std::string::npos);
  CHECK(refusal({5}).find("a field is a path, or") != std::string::npos);
  CHECK(refusal({"[0]"}).find("it needs a name") != std::string::npos);
}

TEST_CASE("A value goes to JSON and back unchanged, where JSON has it") {
  const Value value = Map{{"a", Value(Array{1, -2.5, true, nullptr, "x"})}, {"b", Value(Map{})}};
  CHECK(to_value(to_json(value)) == value);
  CHECK(to_json(std::numeric_limits<double>::quiet_NaN()).is_null());
  CHECK(to_json(Bytes{"ab"}) == nlohmann::json("ab"));
}

}  // namespace
}  // namespace gale::stock::json
