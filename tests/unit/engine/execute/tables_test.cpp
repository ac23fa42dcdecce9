// SPDX-License-Identifier: Apache-2.0
//
// The small tables of a task: kept tuples, replays, acks on their way.
#include "engine/execute/acks.hpp"
#include "engine/execute/counters.hpp"
#include "engine/execute/kept.hpp"
#include "engine/execute/random.hpp"
#include "engine/execute/replays.hpp"

#include <doctest/doctest.h>

#include <set>
#include <string>

namespace gale::execute {
namespace {

using std::chrono::milliseconds;

TEST_CASE("A kept tuple has bytes of its own; its handle finds it until it is erased, and never another's") {
  KeptTable table;
  std::vector<std::uint8_t> record = {1, 2, 3, 4};
  const std::uint64_t a = table.put(record.data(), 4);
  record[0] = 99;
  const std::uint64_t b = table.put(record.data(), 3);
  CHECK(a >= GALE_FIRST_KEPT);
  CHECK(table.find(a)->record == std::vector<std::uint8_t>{1, 2, 3, 4});
  CHECK(table.bytes() == 7);
  CHECK(table.count() == 2);
  const std::uint8_t* bytes = table.find(b)->record.data();
  for (int i = 0; i < 100; ++i) table.put(record.data(), 4);
  CHECK(table.find(b)->record.data() == bytes);  // user code holds views
  table.find(a)->children = 5;
  table.erase(a);
  CHECK(table.find(a) == nullptr);
  const std::uint64_t again = table.put(record.data(), 4);
  CHECK(again != a);
  CHECK(table.find(a) == nullptr);
  CHECK(table.find(again)->children == 0);
  CHECK_FALSE(table.find(again)->failed);
  CHECK(table.find(0) == nullptr);
  CHECK(table.find(~0ull) == nullptr);
}

TEST_CASE("A replay is held by slot, waits after a failure until it is due, and its bytes count until it is taken") {
  Replays replays(4);
  const TimePoint t0{};
  replays.hold(2, 1, "packed");
  CHECK(replays.holds(2));
  CHECK_FALSE(replays.holds(1));
  CHECK(replays.bytes() == 6);
  CHECK_FALSE(replays.retry(1, 9, 2, t0));
  CHECK(replays.retry(2, 77, 2, t0 + milliseconds(100)));
  CHECK_FALSE(replays.holds(2));
  CHECK(replays.bytes() == 6);
  CHECK(replays.next_due() == t0 + milliseconds(100));
  CHECK_FALSE(replays.take_due(t0 + milliseconds(99)));
  replays.hold(2, 0, "other");  // the slot is another root's by now
  const auto retry = replays.take_due(t0 + milliseconds(100));
  REQUIRE(retry);
  CHECK(retry->message == 77);
  CHECK(retry->stream == 1);
  CHECK(retry->attempt == 2);
  CHECK(retry->values == "packed");
  CHECK(replays.bytes() == 5);
  replays.drop(2);
  replays.drop(2);
  CHECK(replays.bytes() == 0);
  CHECK(replays.next_due() == TimePoint::max());
  CHECK(replays.waiting() == 0);
}

TEST_CASE("Replays come in the order of their times, not of their failures") {
  Replays replays(3);
  for (std::uint32_t slot = 0; slot < 3; ++slot) replays.hold(slot, 0, "x");
  replays.retry(0, 0, 2, TimePoint(milliseconds(30)));
  replays.retry(1, 1, 2, TimePoint(milliseconds(10)));
  replays.retry(2, 2, 2, TimePoint(milliseconds(20)));
  for (const std::uint64_t wanted : {1u, 2u, 0u})
    CHECK(replays.take_due(TimePoint(milliseconds(99)))->message == wanted);
}

TEST_CASE("The pause before a replay doubles from 100 ms to 10 s, also after very many attempts") {
  CHECK(backoff(1) == milliseconds(100));
  CHECK(backoff(2) == milliseconds(200));
  CHECK(backoff(7) == milliseconds(6400));
  CHECK(backoff(8) == std::chrono::seconds(10));
  CHECK(backoff(65535) == std::chrono::seconds(10));
}

struct Sink final : AckSink {
  void tell(wire::AckBatch&& batch) override { told.push_back(std::move(batch)); }
  std::vector<wire::AckBatch> told;
};

TEST_CASE("Acks of one root that follow each other leave as one entry; a turn's end sends each ledger its own") {
  Sink sink;
  AckOutbox acks(sink, 2);
  acks.ack(LedgerId(0), RootId(1), 0b0011);
  acks.ack(LedgerId(0), RootId(1), 0b0110);
  acks.ack(LedgerId(1), RootId(1), 0b1000);
  acks.ack(LedgerId(0), RootId(2), 7);
  acks.touch(LedgerId(0), RootId(2));
  acks.fail(LedgerId(1), RootId(9), std::string(5000, 'w'));
  CHECK(sink.told.empty());
  acks.flush();
  REQUIRE(sink.told.size() == 2);
  REQUIRE(sink.told[0].acks.size() == 2);
  CHECK(sink.told[0].acks[0].edges == 0b0101);
  CHECK(sink.told[0].acks[1].edges == 7);
  CHECK(sink.told[1].ledger == LedgerId(1));
  CHECK(sink.told[1].acks.at(0).edges == 0b1000);
  CHECK(sink.told[1].fails.at(0).reason.size() == wire::kMaxReasonBytes);
  acks.flush();
  CHECK(sink.told.size() == 2);
}

TEST_CASE("A long turn's acks leave before its end, all of them and once") {
  Sink sink;
  AckOutbox acks(sink, 1);
  for (std::uint64_t r = 1; r <= 10000; ++r) acks.ack(LedgerId(0), RootId(r), r);
  CHECK_FALSE(sink.told.empty());
  acks.flush();
  std::uint64_t next = 1, wrong = 0;
  for (const wire::AckBatch& b : sink.told) {
    CHECK(b.acks.size() <= 1024);
    for (const wire::Ack& a : b.acks) {
      wrong += a.root.value != next || a.edges != next;
      ++next;
    }
  }
  CHECK(next == 10001);
  CHECK(wrong == 0);
}

TEST_CASE("Edges are never 0 and do not repeat; two sources differ") {
  EdgeSource a, b;
  std::set<std::uint64_t> seen;
  for (int i = 0; i < 100000; ++i) {
    seen.insert(a());
    seen.insert(b());
  }
  CHECK(seen.size() == 200000);
  CHECK(seen.count(0) == 0);
}

TEST_CASE("A metric's cell is found by name and does not move") {
  UserMetrics metrics;
  std::uint64_t* cell = metrics.cell("flagged");
  *cell = 3;
  for (int i = 0; i < 1000; ++i) metrics.cell(std::to_string(i));
  CHECK(metrics.cell("flagged") == cell);
  CHECK(*metrics.cell("flagged") == 3);
}

}  // namespace
}  // namespace gale::execute
