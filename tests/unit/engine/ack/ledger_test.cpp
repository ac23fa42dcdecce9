// SPDX-License-Identifier: Apache-2.0
#include "engine/ack/ledger.hpp"

#include <doctest/doctest.h>

#include <algorithm>

using namespace gale;
using namespace gale::ack;
using namespace std::chrono_literals;

namespace {

constexpr Duration kTimeout = 30s, kMaxAge = 300s;

struct Fixture {
  explicit Fixture(std::uint32_t slots = 4, std::uint32_t incarnation = 1) : ledger(slots, Incarnation(incarnation)) {}
  RootId open(std::uint32_t slot, std::uint64_t edges, std::uint64_t message = 7) {
    const RootId root = ledger.next_root(slot);
    ledger.open(slot, message, edges, 1, now);
    return root;
  }
  void ack(RootId root, std::uint64_t edges) { ledger.apply({LedgerId(0), {{root, edges}}, {}}, now, done); }
  void fail(RootId root, const char* why) { ledger.apply({LedgerId(0), {}, {{root, why}}}, now, done); }

  Ledger ledger;
  Completions done;
  TimePoint now{1000s};
};

}  // namespace

TEST_CASE("A root completes when every edge was consumed, in whatever order") {
  Fixture f;
  const RootId root = f.open(0, 0x11);
  f.ack(root, 0x22);         // a child's edge is consumed before its parent's entry came
  f.ack(root, 0x33 ^ 0x22);  // ... consumes 0x33, made 0x22
  CHECK(f.done.empty());
  f.ack(root, 0x11 ^ 0x33);
  REQUIRE(f.done.acked.size() == 1);
  CHECK(f.ledger.message_of(f.done.acked[0]) == 7);
  CHECK(f.ledger.stale() == 0);
}

TEST_CASE("A stale ack is counted and leaves the new root of its slot alone") {
  Fixture f;
  const RootId old = f.open(2, 0x5);
  f.ack(old, 0x5);
  f.done.clear();
  const RootId fresh = f.open(2, 0x9);
  CHECK(fresh != old);
  f.ack(old, 0x9);
  f.fail(old, "late");
  CHECK(f.done.empty());
  CHECK(f.ledger.stale() == 2);
  f.ack(fresh, 0x9);
  CHECK(f.done.acked.size() == 1);
}

TEST_CASE("An entry for a slot that does not exist, or is free, is stale") {
  Fixture f;
  f.ack(RootId(~0ull), 1);
  f.ack(f.ledger.next_root(1), 1);
  f.ack(RootId(0), 1);
  CHECK(f.ledger.stale() == 3);
  CHECK(f.done.empty());
}

TEST_CASE("A root that fails completes once, with its reason") {
  Fixture f;
  const RootId root = f.open(1, 0x3);
  f.fail(root, "bolt#0: no");
  f.fail(root, "bolt#1: no");
  f.ack(root, 0x3);
  REQUIRE(f.done.failed.size() == 1);
  CHECK(f.done.failed[0].reason == "bolt#0: no");
  CHECK(f.done.acked.empty());
  CHECK(f.ledger.stale() == 2);
}

TEST_CASE("A root times out at the deadline, not before") {
  Fixture f;
  f.open(0, 1);
  f.now += kTimeout - 1ms;
  f.ledger.expire(f.now, kTimeout, kMaxAge, f.done);
  CHECK(f.done.empty());
  f.now += 1ms;
  f.ledger.expire(f.now, kTimeout, kMaxAge, f.done);
  REQUIRE(f.done.failed.size() == 1);
  CHECK(f.done.failed[0].outcome == Outcome::kTimedOut);
}

TEST_CASE("An ack or a touch puts the timeout off: slow is not lost") {
  Fixture f;
  const RootId root = f.open(0, 1);
  for (int i = 0; i < 5; ++i) {
    f.now += kTimeout - 1ms;
    f.ack(root, 0);
    f.ledger.expire(f.now, kTimeout, kMaxAge, f.done);
  }
  CHECK(f.done.empty());
}

TEST_CASE("A root older than the cap fails however often it is touched") {
  Fixture f;
  const RootId root = f.open(0, 1);
  for (int i = 0; i < 40 && f.done.empty(); ++i) {
    f.now += 10s;
    f.ack(root, 0);
    f.ledger.expire(f.now, kTimeout, kMaxAge, f.done);
  }
  REQUIRE(f.done.failed.size() == 1);
  CHECK(f.done.failed[0].reason.find("max.age") != std::string::npos);
  CHECK(f.now - TimePoint(1000s) >= kMaxAge);
  CHECK(f.now - TimePoint(1000s) <= kMaxAge + 10s);
}

TEST_CASE("One root that never completes does not slow the others") {
  Fixture f(2);
  f.open(0, 1);
  for (int i = 0; i < 10000; ++i) {
    f.ack(f.open(1, 0xabc), 0xabc);
    REQUIRE(f.done.acked.size() == 1);
    f.done.clear();
  }
}

TEST_CASE("Two lives of a worker never make the same root") {
  Fixture first(3, 1), second(3, 2);
  for (std::uint32_t slot = 0; slot < 3; ++slot) CHECK(first.ledger.next_root(slot) != second.ledger.next_root(slot));
  const RootId old = first.open(0, 5);
  second.open(0, 5);
  second.ack(old, 5);
  CHECK(second.done.empty());
  CHECK(second.ledger.stale() == 1);
}
