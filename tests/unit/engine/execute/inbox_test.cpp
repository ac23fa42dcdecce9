// SPDX-License-Identifier: Apache-2.0
#include "engine/execute/inbox.hpp"
#include "tests/unit/engine/execute/fixtures.hpp"

#include <doctest/doctest.h>

#include <array>
#include <thread>

namespace gale::execute {
namespace {

constexpr Duration kMoment = std::chrono::milliseconds(20);

TEST_CASE("Credit above zero lets one batch through whatever its size; then the inbox is full") {
  RunningPool running(1);
  wire::BatchPool batches;
  FunctionTask owner, sender;
  Inbox inbox(running.pool, owner, 100, 1000);
  wire::BatchPtr large = batch_of(batches, 50000), next = batch_of(batches, 1);
  CHECK(inbox.offer(large, sender));
  CHECK(large == nullptr);
  CHECK(owner.ran(1));
  CHECK_FALSE(inbox.offer(next, sender));
  CHECK(next != nullptr);
  CHECK(inbox.bytes() == 50000);
  CHECK(inbox.take(TimePoint())->bytes == 50000);
  CHECK(inbox.empty());
  CHECK(sender.ran(1));
  CHECK(inbox.offer(next, sender));
  running.pool.stop();
}

TEST_CASE("A refused sender is woken once, when half of the room is free again and not before") {
  RunningPool running(1);
  wire::BatchPool batches;
  FunctionTask owner, sender;
  Inbox inbox(running.pool, owner, 1000, 1000);
  for (int i = 0; i < 4; ++i) {
    wire::BatchPtr b = batch_of(batches, 250);
    REQUIRE(inbox.offer(b, sender));
  }
  wire::BatchPtr refused = batch_of(batches, 10);
  for (int i = 0; i < 3; ++i) CHECK_FALSE(inbox.offer(refused, sender));
  CHECK(inbox.take(TimePoint()) != nullptr);  // 750 left
  CHECK_FALSE(sender.ran(1, kMoment));
  CHECK(inbox.take(TimePoint()) != nullptr);  // 500 left
  CHECK(sender.ran(1));
  CHECK(inbox.take(TimePoint()) != nullptr);
  CHECK_FALSE(sender.ran(2, kMoment));
  CHECK(inbox.offer(refused, sender));
  running.pool.stop();
}

TEST_CASE("Feedback is never refused and comes first; new input has a turn each second, half full every second turn") {
  RunningPool running(1);
  wire::BatchPool batches;
  FunctionTask owner, sender;
  Inbox inbox(running.pool, owner, 100, 1000);
  const auto offer = [&](Destination& to, bool feedback, std::uint32_t bytes, std::uint64_t token) {
    wire::BatchPtr b = batch_of(batches, bytes, 0, token);
    b->feedback = feedback;
    return to.offer(b, sender);
  };
  const auto taken = [&] {
    std::string order;
    while (const wire::BatchPtr b = inbox.take(TimePoint())) order += b->feedback ? 'f' : 'n';
    return order;
  };
  for (std::uint64_t i = 0; i < 2; ++i) REQUIRE(offer(inbox, false, 50, i));
  CHECK_FALSE(offer(inbox, false, 50, 2));
  for (std::uint64_t i = 0; i < 3; ++i) REQUIRE(offer(inbox.feedback(), true, 100, i));
  CHECK(inbox.fill().bytes == 100);
  CHECK(inbox.feedback().fill().bytes == 300);
  CHECK(inbox.feedback().fill().limit == 1000);
  CHECK(taken() == "nfffn");  // new input has had no turn for a second
  for (std::uint64_t i = 0; i < 2; ++i) REQUIRE(offer(inbox, false, 50, i));
  for (std::uint64_t i = 0; i < 12; ++i) REQUIRE(offer(inbox.feedback(), true, 100, i));
  CHECK(taken() == "fnfnffffffffff");
  running.pool.stop();
}

TEST_CASE("END is never refused and stays behind the data") {
  RunningPool running(1);
  wire::BatchPool batches;
  FunctionTask owner, sender;
  Inbox inbox(running.pool, owner, 10, 1000);
  wire::BatchPtr data = batch_of(batches, 500), end = batches.take(1);
  end->end = true;
  REQUIRE(inbox.offer(data, sender));
  CHECK(inbox.offer(end, sender));
  CHECK_FALSE(inbox.take(TimePoint())->end);
  CHECK_FALSE(inbox.empty());
  CHECK(inbox.take(TimePoint())->end);
  CHECK(inbox.take(TimePoint()) == nullptr);
  running.pool.stop();
}

TEST_CASE("What a link delivers is always taken, in order; each() sees all of it") {
  RunningPool running(1);
  wire::BatchPool batches;
  FunctionTask owner, sender;
  Inbox inbox(running.pool, owner, 10, 1000);
  for (std::uint64_t i = 0; i < 5; ++i) inbox.deliver(batch_of(batches, 100, 0, i));
  CHECK(owner.ran(1));
  CHECK(inbox.bytes() == 500);
  std::ptrdiff_t seen = 0;
  inbox.each([&](const std::uint8_t* at, const std::uint8_t* end) { seen += end - at; });
  CHECK(seen == 500);
  for (std::uint64_t i = 0; i < 5; ++i) CHECK(inbox.take(TimePoint())->token == i);
  running.pool.stop();
}

TEST_CASE("An inbox that is destroyed gives its batches back and wakes nobody") {
  RunningPool running(1);
  wire::BatchPool batches;
  FunctionTask owner, sender;
  {
    Inbox inbox(running.pool, owner, 10, 1000);
    wire::BatchPtr one = batch_of(batches, 100), two = batch_of(batches, 100);
    REQUIRE(inbox.offer(one, sender));
    REQUIRE_FALSE(inbox.offer(two, sender));
  }
  CHECK(batches.out() == 0);
  CHECK_FALSE(sender.ran(1, kMoment));
  running.pool.stop();
}

TEST_CASE(
    "Four senders and one receiver: nothing is lost, each sender's order stands, the bound holds, nobody is stuck") {
  RunningPool running(4);
  wire::BatchPool batches;
  constexpr std::uint64_t kEach = 5000;
  constexpr std::uint32_t kBytes = 100, kLimit = 1000;
  Watch done;
  std::uint64_t received = 0, disordered = 0, most = 0;
  std::array<std::uint64_t, 4> next{};
  Inbox* box = nullptr;
  FunctionTask owner([&](TimePoint) {
    while (wire::BatchPtr b = box->take(TimePoint())) {
      disordered += b->token != next[b->source.value]++;
      done.change([&] { ++received; });
    }
    return Turn{};
  });
  Inbox inbox(running.pool, owner, kLimit, 1000);
  box = &inbox;
  std::vector<std::unique_ptr<FunctionTask>> senders;
  for (std::uint32_t s = 0; s < 4; ++s) {
    auto sent = std::make_shared<std::uint64_t>(0);
    auto task = std::make_shared<FunctionTask*>(nullptr);
    senders.push_back(std::make_unique<FunctionTask>([&, s, sent, task](TimePoint) {
      for (int n = 0; n < 20 && *sent < kEach; ++n) {
        wire::BatchPtr b = batch_of(batches, kBytes, s, *sent);
        if (!inbox.offer(b, **task)) return Turn{};  // the inbox wakes us
        ++*sent;
      }
      if (const std::uint64_t bytes = inbox.bytes(); bytes > kLimit + kBytes) done.change([&] { most = bytes; });
      return Turn{*sent < kEach, TimePoint::max()};
    }));
    *task = senders.back().get();
  }
  for (auto& s : senders) running.pool.wake(*s);
  CHECK(done.wait([&] { return received == 4 * kEach; }));
  CHECK(disordered == 0);
  CHECK(most == 0);
  running.pool.stop();
}

}  // namespace
}  // namespace gale::execute
