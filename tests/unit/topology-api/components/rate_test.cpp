// SPDX-License-Identifier: Apache-2.0
#include "orders.hpp"
#include "topology-api/components/rate/spout.hpp"

#include <doctest/doctest.h>

namespace gale::stock::rate {
namespace {

using namespace std::chrono_literals;
using test::Rows, test::Said;

TEST_CASE("So many a second, by the host's clock, and then it ends") {
  test::Harness<Spout> numbers({{"per_second", 10.0}, {"count", 3}});
  const TimePoint begin = numbers.now();
  CHECK(numbers.run() == Said::idle_until);
  CHECK(numbers.emitted() == Rows{{0}});
  CHECK(numbers.idle_until() == begin + 100ms);
  numbers.advance(100ms);
  CHECK(numbers.emitted() == Rows{{0}, {1}});
  CHECK(numbers.idle_until() == begin + 200ms);
  numbers.advance(100ms);
  CHECK(numbers.emitted() == Rows{{0}, {1}, {2}});
  CHECK(numbers.said() == Said::finished);
}

TEST_CASE("After a pause it hurries for a second's worth and no more") {
  test::Harness<Spout> numbers({{"per_second", 10.0}});
  numbers.run();
  numbers.jump(60s);
  numbers.run();
  CHECK(numbers.emitted().size() == 1 + 11);
}

TEST_CASE("Several tasks together count through, each at its part of the pace") {
  test::Harness<Spout> numbers({{"per_second", 10.0}, {"count", 7}, {"first", 100}}, {.index = 1, .tasks = 2});
  numbers.run();
  CHECK(numbers.idle_until() == numbers.now() + 200ms);
  numbers.jump(10s);
  CHECK(numbers.run() == Said::finished);
  CHECK(numbers.emitted() == Rows{{101}, {103}, {105}});
}

TEST_CASE("A pace of zero is no pace; untracked numbers have no id") {
  test::Harness<Spout> numbers({{"per_second", 0.0}, {"count", 1000}, {"tracked", false}});
  CHECK(numbers.run() == Said::finished);
  CHECK(numbers.emitted().size() == 1000);
  CHECK(numbers.emitted().ids().empty());
}

TEST_CASE("A pace that divides no second is kept over a long time") {
  test::Harness<Spout> numbers({{"per_second", 3.0}});
  numbers.advance(100s);
  CHECK(numbers.emitted().size() >= 300);
  CHECK(numbers.emitted().size() <= 301);
}

TEST_CASE("A pace that cannot be is refused") {
  CHECK(testkit::refusal<Spout>({{"per_second", -1.0}}) == "key 'per_second' may be 0 to 1000000000");
}

}  // namespace
}  // namespace gale::stock::rate
