// SPDX-License-Identifier: Apache-2.0
#include "topology-api/host/describe.hpp"

#include "gale/codec/write.hpp"

#include <doctest/doctest.h>

#include <random>

using gale::Value;
using gale::host::ComponentDescription;
using gale::host::decode_description;

namespace {

Value::Map good() {
  return {{"doc", "Counts."},
          {"keys", Value::Array{Value::Map{
                       {"name", "limit"}, {"type", "double"}, {"doc", "d"}, {"default", 1.5}, {"required", true}}}},
          {"streams", Value::Array{Value::Map{{"name", "default"}, {"fields", Value::Array{"word", "count"}}}}},
          {"reads", Value::Array{"word"}},
          {"tick_ms", 100},
          {"from_a_later_minor", Value::Array{1, 2}}};
}

std::string decoded(const Value& map) {
  ComponentDescription into;
  return decode_description(gale::codec::packed(map), into);
}
std::string with(const char* key, Value value) {
  Value::Map map = good();
  map[key] = std::move(value);
  return decoded(map);
}

}  // namespace

TEST_CASE("A description is decoded whole, and what a later minor added is passed over") {
  ComponentDescription into;
  REQUIRE(decode_description(gale::codec::packed(Value(good())), into) == "");
  CHECK(into.doc == "Counts.");
  REQUIRE(into.keys.size() == 1);
  CHECK(into.keys[0].name == "limit");
  CHECK(into.keys[0].type == "double");
  CHECK(into.keys[0].default_value == Value(1.5));
  CHECK(into.keys[0].required);
  REQUIRE(into.streams.size() == 1);
  CHECK(into.streams[0].fields == std::vector<std::string>{"word", "count"});
  CHECK(into.reads == std::vector<std::string>{"word"});
  CHECK(into.tick_ms == 100);
}

TEST_CASE("A description of another shape is an error that names the member") {
  CHECK(decoded(1) == "its description wants map, is integer");
  CHECK(with("doc", 1) == "its description.doc wants string, is integer");
  CHECK(with("keys", "x") == "keys wants array, is string");
  CHECK(with("keys", Value::Array{1}) == "a key lacks 'name'");
  CHECK(with("keys", Value::Array{Value::Map{{"name", "a"}, {"type", "colour"}}}) ==
        "key 'a' is of type 'colour', which this gale does not know");
  CHECK(with("streams", Value::Array{Value::Map{{"name", "s"}, {"fields", Value::Array{1}}}}) ==
        "stream 's'.fields[] wants string, is integer");
  CHECK(with("streams", Value::Array{Value::Map{{"name", "s"}, {"fields", Value::Array{"a", "a"}}}}) ==
        "stream 's': field 'a' is declared twice");
  CHECK(with("tick_ms", -1) == "tick_ms is -1, wants 0 to 2147483647");
  const Value stream = Value::Map{{"name", "s"}, {"fields", Value::Array{}}};
  CHECK(with("streams", Value::Array{stream, stream}) == "stream 's' is declared twice");
  Value::Map lacking = good();
  lacking.erase("streams");
  CHECK(decoded(lacking) == "its description lacks 'streams'");
}

TEST_CASE("Damaged description bytes are refused, never a crash") {
  const std::string bytes = gale::codec::packed(Value(good()));
  for (std::size_t n = 0; n < bytes.size(); ++n) {
    ComponentDescription into;
    CHECK(decode_description(std::string(bytes, 0, n), into) == "its description is malformed");
  }
  std::mt19937_64 random(5);
  for (int i = 0; i < 5000; ++i) {
    std::string damaged = bytes;
    damaged[random() % damaged.size()] = static_cast<char>(random());
    ComponentDescription into;
    (void)decode_description(damaged, into);
  }
}
