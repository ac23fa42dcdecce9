// SPDX-License-Identifier: Apache-2.0
#include "gale/value.hpp"

#include <doctest/doctest.h>

#include <string>

using gale::Value;

TEST_CASE("A Value keeps an unsigned integer above the signed range, and stores others as signed") {
  CHECK(Value(std::uint64_t{5}).is<std::int64_t>());
  CHECK(Value(std::uint64_t{1} << 63).is<std::uint64_t>());
  CHECK(Value(5u) == Value(5));
}

TEST_CASE("A text literal is a string, not a bool") { CHECK(Value("true").is<std::string>()); }

TEST_CASE("find() gives a map's member, and nothing of anything else") {
  const Value map = Value::Map{{"a", 1}};
  REQUIRE(map.find("a") != nullptr);
  CHECK(*map.find("a") == Value(1));
  CHECK(map.find("b") == nullptr);
  CHECK(Value(1).find("a") == nullptr);
}

TEST_CASE("A Value names its type as error texts do") {
  CHECK(std::string(Value().type_name()) == "nil");
  CHECK(std::string(Value(true).type_name()) == "bool");
  CHECK(std::string(Value(1).type_name()) == "integer");
  CHECK(std::string(Value(std::uint64_t{1} << 63).type_name()) == "integer");
  CHECK(std::string(Value(1.0).type_name()) == "double");
  CHECK(std::string(Value("x").type_name()) == "string");
  CHECK(std::string(Value(gale::Bytes{"x"}).type_name()) == "bytes");
  CHECK(std::string(Value(Value::Array{}).type_name()) == "array");
  CHECK(std::string(Value(Value::Map{}).type_name()) == "map");
}
