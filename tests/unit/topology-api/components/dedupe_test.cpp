// SPDX-License-Identifier: Apache-2.0
#include "orders.hpp"
#include "topology-api/components/dedupe/bolt.hpp"

#include <doctest/doctest.h>

namespace gale::stock::dedupe {
namespace {

using std::chrono::seconds;
using test::Rows;

constexpr TimePoint kBegin{};

TEST_CASE("A key is new once") {
  Seen seen;
  CHECK(seen.add("a", kBegin));
  CHECK_FALSE(seen.add("a", kBegin + seconds(1000)));
  CHECK(seen.add("b", kBegin));
  CHECK(seen.size() == 2);
}

TEST_CASE("After its time a key is new again; seeing it does not prolong it") {
  Seen seen({.age = seconds(10)});
  CHECK(seen.add("a", kBegin));
  CHECK_FALSE(seen.add("a", kBegin + seconds(9)));
  CHECK(seen.add("a", kBegin + seconds(10)));
  CHECK(seen.pushed_out() == 0);
}

TEST_CASE("The oldest goes when there are too many, and that is counted") {
  Seen seen({.entries = 2});
  CHECK(seen.add("a", kBegin));
  CHECK(seen.add("b", kBegin));
  CHECK(seen.add("c", kBegin));
  CHECK(seen.pushed_out() == 1);
  CHECK_FALSE(seen.add("b", kBegin));
  CHECK(seen.add("a", kBegin));
}

TEST_CASE("Long keys take no more memory than they may, but one is always remembered") {
  Seen seen({.bytes = 1000});
  for (int i = 0; i < 100; ++i) seen.add(std::string(100, static_cast<char>(i)), kBegin);
  CHECK(seen.size() == 5);
  CHECK(seen.add(std::string(100'000, 'x'), kBegin));
  CHECK(seen.size() == 1);
  CHECK_FALSE(seen.add(std::string(100'000, 'x'), kBegin));
}

const testkit::Options kOrders = test::orders({"id", "other", "kind"});

Value::Map config(Value::Map more = {}) {
  more.emplace("key", Value(Value::Array{"id", "kind"}));
  return more;
}

TEST_CASE("The first of each key passes as it is, the others go to duplicates") {
  test::Harness<Bolt> dedupe(config(), kOrders);
  dedupe.execute_batch({{1, "x", "a"}, {1, "y", "a"}, {1, "x", "b"}, {"1", "x", "a"}, {1.0, "x", "a"}});
  CHECK(dedupe.emitted() == Rows{{1, "x", "a"}, {1, "x", "b"}, {"1", "x", "a"}, {1.0, "x", "a"}});
  CHECK(dedupe.emitted("duplicates") == Rows{{1, "y", "a"}});
  CHECK(dedupe.counter("duplicates") == 1);
  dedupe.close();
}

TEST_CASE("Two fields of a key are not one text: what stands where matters") {
  test::Harness<Bolt> dedupe(config(), kOrders);
  dedupe.execute_batch({{"ab", 0, "c"}, {"a", 0, "bc"}});
  CHECK(dedupe.counter("duplicates") == 0);
}

TEST_CASE("Time is the host's") {
  test::Harness<Bolt> dedupe(config({{"seconds", 10.0}}), kOrders);
  dedupe.execute({1, 0, 1});
  dedupe.advance(seconds(10));
  dedupe.execute({1, 0, 1});
  CHECK(dedupe.counter("duplicates") == 0);
}

TEST_CASE("A key that cannot be is refused") {
  CHECK(testkit::refusal<Bolt>({{"key", Value(Value::Array{})}}, kOrders) == "key 'key' names no field");
  CHECK(testkit::refusal<Bolt>({{"key", Value(Value::Array{"x"})}}, kOrders) == "no field 'x' in orders/default");
  CHECK(testkit::refusal<Bolt>(config({{"entries", 0}}), kOrders) ==
        "keys 'entries' and 'max_bytes' may not be below 1");
}

}  // namespace
}  // namespace gale::stock::dedupe
