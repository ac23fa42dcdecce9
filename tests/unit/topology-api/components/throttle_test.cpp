// SPDX-License-Identifier: Apache-2.0
#include "orders.hpp"
#include "topology-api/components/throttle/bolt.hpp"

#include <doctest/doctest.h>

namespace gale::stock::throttle {
namespace {

using namespace std::chrono_literals;
using test::Rows;

Rows numbers(int from, int to) {
  Rows rows;
  for (int n = from; n < to; ++n) rows.push_back({n});
  return rows;
}
const testkit::Options kOrders = test::orders({"n"});

TEST_CASE("The first passes at once, the others when their time has come, in order") {
  test::Harness<Bolt> throttle({{"per_second", 10.0}}, kOrders);
  throttle.execute_batch(numbers(0, 4));
  CHECK(throttle.emitted() == numbers(0, 1));
  CHECK(throttle.kept().size() == 3);
  for (int n = 2; n <= 4; ++n) {
    throttle.advance(100ms);  // ten ticks
    CHECK(throttle.emitted() == numbers(0, n));
  }
  CHECK(throttle.acked().size() == 4);
  throttle.close();
}

TEST_CASE("What waits is anchored to what it was, and acked with it") {
  test::Harness<Bolt> throttle({{"per_second", 10.0}}, kOrders);
  const auto inputs = throttle.execute_batch(numbers(0, 2));
  throttle.advance(1s);
  REQUIRE(throttle.emitted().size() == 2);
  CHECK(throttle.emitted()[1].anchors == testkit::Inputs{inputs[1]});
  CHECK(inputs[1] == test::State::acked);
}

TEST_CASE("After a pause a burst passes and no more") {
  test::Harness<Bolt> throttle({{"per_second", 10.0}, {"burst", 3}}, kOrders);
  throttle.jump(60s);
  throttle.execute_batch(numbers(0, 10));
  CHECK(throttle.emitted().size() == 3);
  throttle.abandon_kept();
}

TEST_CASE("A pace above the ticks' is kept: what falls due between two ticks passes at the next") {
  test::Harness<Bolt> throttle({{"per_second", 10'000.0}, {"max_wait_ms", 1000}}, kOrders);
  throttle.execute_batch(numbers(0, 1000));
  throttle.advance(90ms);
  CHECK(throttle.emitted().size() >= 900);
  CHECK(throttle.emitted().size() <= 901);
  throttle.abandon_kept();
}

TEST_CASE("What would wait too long fails at once and is counted") {
  test::Harness<Bolt> throttle({{"per_second", 10.0}, {"max_wait_ms", 200}}, kOrders);
  throttle.execute_batch(numbers(0, 5));
  CHECK(throttle.kept().size() == 2);
  CHECK(throttle.reasons() == std::vector<std::string>(2, "throttled: it would wait longer than 200 ms"));
  CHECK(throttle.counter("refused") == 2);
  throttle.abandon_kept();
}

TEST_CASE("It ends when all that waits has passed") {
  test::Harness<Bolt> throttle({{"per_second", 10.0}}, kOrders);
  throttle.execute_batch(numbers(0, 2));
  CHECK_FALSE(throttle.finish());
  throttle.advance(100ms);
  CHECK(throttle.finish());
  CHECK(throttle.emitted() == numbers(0, 2));
  throttle.close();
}

TEST_CASE("Several tasks share the pace") {
  testkit::Options options = kOrders;
  options.tasks = 2;
  test::Harness<Bolt> throttle({{"per_second", 10.0}}, options);
  throttle.execute_batch(numbers(0, 3));
  throttle.advance(100ms);
  CHECK(throttle.emitted().size() == 1);
  throttle.advance(100ms);
  CHECK(throttle.emitted().size() == 2);
  throttle.abandon_kept();
}

TEST_CASE("A pace that cannot be is refused") {
  CHECK(testkit::refusal<Bolt>({{"per_second", 0.0}}, kOrders) == "key 'per_second' may be above 0, to 1000000000");
}

}  // namespace
}  // namespace gale::stock::throttle
