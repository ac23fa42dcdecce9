// SPDX-License-Identifier: Apache-2.0
#include "orders.hpp"
#include "scratch.hpp"
#include "topology-api/components/json/convert.hpp"
#include "topology-api/components/validate/bolt.hpp"

#include <doctest/doctest.h>

#include <nlohmann/json.hpp>

namespace gale::stock::validate {
namespace {

using test::Harness, test::Rows;
using Cells = Value::Array;
using Map = Value::Map;
using Array = Value::Array;

Value::Map schema(const char* text) { return json::to_value(json::parse(text)).get<Map>(); }
const char* const kReading = R"({"type":"object","required":["sensor","celsius"],"properties":{
    "sensor":{"type":"string","pattern":"^s[0-9]+$"},"celsius":{"type":"number","maximum":60}}})";

const testkit::Options kOrders = test::orders({"sensor", "celsius"});
std::string refusal(Map config) { return testkit::refusal<Bolt>(std::move(config), kOrders); }

TEST_CASE("A tuple is checked as an object of its fields, and passes as it is") {
  Harness<Bolt> validate({{"schema", Value(schema(kReading))}}, kOrders);
  validate.execute_batch({{"s1", 20}, {"s1", 61}, {"x", "warm"}});
  CHECK(validate.emitted() == Rows{{"s1", 20}});
  const testkit::Emits rejected = validate.emitted("rejects");
  REQUIRE(rejected.size() == 2);
  CHECK(rejected[0].values ==
        Cells{"s1", 61, Value(Array{"[celsius]: Expected number less than or equal to 60.000000"})});
  CHECK(rejected[1].values.at(2).get<Array>().size() >= 2);
  CHECK(validate.counter("rejected") == 2);
  CHECK(validate.acked().size() == 3);
  validate.close();
}

TEST_CASE("A field of JSON text is parsed and checked; no JSON is a reason") {
  Harness<Bolt> validate({{"schema", Value(schema(kReading))}, {"field", "sensor"}, {"parse", true}}, kOrders);
  validate.execute_batch({{R"({"sensor":"s1","celsius":3})", 1}, {"{", 2}, {5, 3}});
  CHECK(validate.emitted() == Rows{{R"({"sensor":"s1","celsius":3})", 1}});
  const testkit::Emits rejected = validate.emitted("rejects");
  REQUIRE(rejected.size() == 2);
  CHECK(rejected[0].values.at(2).get<Array>().at(0).get<std::string>().find("parse error") == 0);
  CHECK(rejected[1].values.at(2) == Value(Array{"the field is integer, not text"}));
}

TEST_CASE("The schema may be a file, and what is wrong with it is told when it opens") {
  const test::Folder folder;
  test::write_file(folder / "schema.json", kReading);
  Harness<Bolt> good({{"schema_file", folder / "schema.json"}}, kOrders);
  good.execute({"s1", 1});
  CHECK(good.emitted().size() == 1);
  CHECK(refusal({{"schema_file", folder / "none"}}) ==
        "cannot read the schema '" + (folder / "none") + "'; see 'schema_file'");
  test::write_file(folder / "bad.json", "{");
  CHECK(
      refusal({{"schema_file", folder / "bad.json"}}).find("the schema '" + (folder / "bad.json") + "': parse error") ==
      0);
}

TEST_CASE("A wrong schema in the topology is refused where it is checked") {
  CHECK(refusal({}) == "set either 'schema' or 'schema_file'");
  CHECK(refusal({{"schema", Value(schema(kReading))}, {"schema_file", "x"}}) == "set either 'schema' or 'schema_file'");
  CHECK(refusal({{"schema", Value(schema(kReading))}, {"parse", true}}) ==
        "'parse' wants 'field': the field that has the text");
  CHECK(refusal({{"schema", Value(schema(R"({"type":"objekt"})"))}}).find("key 'schema': it is no JSON Schema: ") == 0);
  CHECK(refusal({{"schema", Value(schema(R"({"properties":{"a":{"pattern":"["}}})"))}})
            .find("key 'schema': the pattern '[' is no regular expression") == 0);
  CHECK(refusal({{"schema", Value(schema(R"({"$ref":"http://example.org/x.json"})"))}}).find("it is no JSON Schema") !=
        std::string::npos);
}

TEST_CASE("A long text is matched on a stack that is deep enough; one too long is rejected, not matched") {
  Harness<Bolt> validate({{"schema", Value(schema(R"({"properties":{"sensor":{"pattern":"^(a|b)*$"}}})"))}}, kOrders);
  const std::string longest(8 * 1024, 'a');
  validate.execute_batch({{std::string(512, 'a'), 1}, {longest, 1}, {longest.substr(1) + "c", 1}, {longest + "a", 1}});
  CHECK(validate.emitted() == Rows{{std::string(512, 'a'), 1}, {longest, 1}});
  const testkit::Emits rejected = validate.emitted("rejects");
  REQUIRE(rejected.size() == 2);
  CHECK(rejected[0].values.at(2) == Value(Array{"[sensor]: Failed to match regex specified by 'pattern' constraint."}));
  CHECK(rejected[1].values.at(2).get<Array>().at(0).get<std::string>().find("a text of 8193 bytes") == 0);
}

TEST_CASE("Without patterns a text may be as long as it likes; nesting may not be as deep") {
  Harness<Bolt> validate({{"schema", Value(schema(R"({"type":"object"})"))}, {"field", "sensor"}, {"parse", true}},
                         kOrders);
  const std::string deep = R"({"a":)" + std::string(10'000, '[') + std::string(10'000, ']') + "}";
  validate.execute_batch({{R"({"a":")" + std::string(1'000'000, 'x') + "\"}", 1}, {deep, 1}});
  CHECK(validate.emitted().size() == 1);
  CHECK(validate.emitted("rejects").at(0).values.at(2) == Value(Array{"nested deeper than 64"}));
}

}  // namespace
}  // namespace gale::stock::validate
