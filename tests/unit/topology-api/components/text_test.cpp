// SPDX-License-Identifier: Apache-2.0
#include "topology-api/components/common/text.hpp"

#include <doctest/doctest.h>

#include <limits>

namespace gale::stock {
namespace {

std::string text(const Value& v) {
  std::string out;
  append_text(out, v);
  return out;
}
std::string json(const Value& v) {
  std::string out;
  append_json(out, v);
  return out;
}

TEST_CASE("Scalars are written as people write them") {
  CHECK(text(nullptr).empty());
  CHECK(text(true) == "true");
  CHECK(text(-7) == "-7");
  CHECK(text(std::numeric_limits<std::uint64_t>::max()) == "18446744073709551615");
  CHECK(text(0.1) == "0.1");
  CHECK(text("a\tb") == "a\tb");
  CHECK(text(Bytes{"\xff\x01"}) == "\xff\x01");
}

TEST_CASE("Arrays and maps are written as JSON") {
  const Value value(Value::Map{{"b", Value(Value::Array{1, 2.5, nullptr, "x\"\n"})}, {"a", false}});
  CHECK(text(value) == R"({"a":false,"b":[1,2.5,null,"x\"\n"]})");
  CHECK(json(std::numeric_limits<double>::infinity()) == "null");
  CHECK(json(std::string("\x01\\", 2)) == "\"\\u0001\\\\\"");
  CHECK(json(Value(Value::Map{})) == "{}");
}

TEST_CASE("An escaped cell holds nothing that would end a line or a cell") {
  std::string out;
  append_escaped(out, "a\tb\nc\rd\\e");
  CHECK(out == "a\\tb\\nc\\rd\\\\e");
}

}  // namespace
}  // namespace gale::stock
