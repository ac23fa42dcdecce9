// SPDX-License-Identifier: Apache-2.0
#include "engine/route/key.hpp"

#include "gale/codec/write.hpp"

#include <doctest/doctest.h>

#include <cmath>
#include <limits>
#include <string>
#include <vector>

using namespace gale;
using namespace gale::route;

namespace {

std::optional<std::uint64_t> hash(const std::string& tuple, std::vector<std::uint16_t> positions = {0}) {
  const auto* begin = reinterpret_cast<const std::uint8_t*>(tuple.data());
  return key_hash(begin, begin + tuple.size(), positions);
}
template <class... V>
std::string tuple_of(const V&... values) {
  std::string bytes(1, static_cast<char>(0x90 | sizeof...(V)));
  ((bytes += codec::packed(values)), ...);
  return bytes;
}
std::string raw(std::initializer_list<int> bytes) {
  std::string s(1, '\x91');
  for (const int b : bytes) s += static_cast<char>(b);
  return s;
}

}  // namespace

TEST_CASE("An integer is hashed by value, whatever its encoding") {
  const auto five = hash(raw({0x05}));
  REQUIRE(five);
  CHECK(hash(raw({0xcc, 5})) == five);
  CHECK(hash(raw({0xcd, 0, 5})) == five);
  CHECK(hash(raw({0xce, 0, 0, 0, 5})) == five);
  CHECK(hash(raw({0xcf, 0, 0, 0, 0, 0, 0, 0, 5})) == five);
  CHECK(hash(raw({0xd0, 5})) == five);
  CHECK(hash(raw({0xd3, 0, 0, 0, 0, 0, 0, 0, 5})) == five);
  CHECK(hash(raw({0xff})) == hash(raw({0xd3, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff})));
  CHECK(hash(raw({0xff})) != hash(raw({0xcf, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff})));  // -1 is not 2^64 - 1
}

TEST_CASE("A double is hashed by value: -0 is 0, there is one NaN, a float32 is the double it stands for") {
  CHECK(hash(tuple_of(-0.0)) == hash(tuple_of(0.0)));
  CHECK(hash(tuple_of(std::nan("1"))) == hash(tuple_of(-std::numeric_limits<double>::quiet_NaN())));
  CHECK(hash(raw({0xca, 0x3f, 0x00, 0, 0})) == hash(tuple_of(0.5)));
  CHECK(hash(tuple_of(1.0)) != hash(tuple_of(1)));
}

TEST_CASE("A string is hashed by value, whatever its header, and is not bytes") {
  CHECK(hash(raw({0xa1, 'x'})) == hash(raw({0xd9, 1, 'x'})));
  CHECK(hash(raw({0xa1, 'x'})) == hash(raw({0xdb, 0, 0, 0, 1, 'x'})));
  CHECK(hash(tuple_of("x")) != hash(tuple_of(BytesView{"x"})));
  CHECK(hash(tuple_of("")) != hash(tuple_of(nullptr)));
  CHECK(hash(tuple_of(true)) != hash(tuple_of(1)));
}

TEST_CASE("Arrays and maps have no canonical form and are refused; so are malformed bytes and missing positions") {
  CHECK_FALSE(hash(tuple_of(std::vector<int>{1})));
  CHECK_FALSE(hash(tuple_of(std::map<std::string, int>{{"a", 1}})));
  CHECK_FALSE(hash(raw({0xc1})));
  CHECK_FALSE(hash(raw({0xd9, 9, 'x'})));
  CHECK_FALSE(hash(tuple_of(1), {1}));
  CHECK_FALSE(hash(""));
}

TEST_CASE("Several fields count in the order that the grouping names them") {
  const std::string t = tuple_of("a", 1, "b");
  CHECK(hash(t, {0, 2}) != hash(t, {2, 0}));
  CHECK(hash(t, {0, 2}) == hash(tuple_of("a", 2, "b"), {0, 2}));
  CHECK(hash(t, {0, 2}) != hash(tuple_of("ab", 1, ""), {0, 2}));
}
