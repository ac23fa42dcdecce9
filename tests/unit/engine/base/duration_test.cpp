// SPDX-License-Identifier: Apache-2.0
#include "engine/base/duration.hpp"

#include <doctest/doctest.h>

namespace gale {
namespace {

using namespace std::chrono_literals;

TEST_CASE("A time is a number with a unit; without one it is seconds") {
  CHECK(parse_duration("500ms") == Duration(500ms));
  CHECK(parse_duration("10s") == Duration(10s));
  CHECK(parse_duration("1.5") == Duration(1500ms));
  CHECK(parse_duration("5m") == Duration(5min));
  CHECK(parse_duration("2h") == Duration(2h));
  CHECK(parse_duration("0") == Duration(0));
}

TEST_CASE("What is no time, or too long for one, is none") {
  for (const char* text : {"", "s", "-1s", "5 s", "5d", "1e10s", "1e9h", "nan", "inf", "0x5", "5ss"})
    CHECK_MESSAGE(!parse_duration(text), text);
}

}  // namespace
}  // namespace gale
