// SPDX-License-Identifier: Apache-2.0
#include "engine/execute/outbox.hpp"
#include "tests/unit/engine/execute/fixtures.hpp"

#include <doctest/doctest.h>

#include <cstring>

namespace gale::execute {
namespace {

struct Fixture {
  explicit Fixture(std::uint32_t batch_bytes = 32768, std::size_t lanes = 2)
      : to(lanes), outbox(batches, owner, TaskId(7), batch_bytes) {
    for (std::uint32_t i = 0; i < lanes; ++i) REQUIRE(outbox.add_lane(TaskId(100 + i), to[i], false) == i);
  }
  /// A record of `bytes` that is recognised by its first byte.
  void put(std::uint32_t lane, std::uint32_t bytes, std::uint8_t mark = 0) {
    std::memset(outbox.room(lane, bytes, now), mark, bytes);
  }
  std::string marks(std::uint32_t lane, std::uint32_t bytes) const {
    std::string all;
    for (const wire::BatchPtr& b : to[lane].taken) {
      for (std::uint32_t at = 0; at < b->bytes; at += bytes) all += static_cast<char>(b->data[at]);
    }
    return all;
  }
  TimePoint now{std::chrono::seconds(5)};
  wire::BatchPool batches;
  FunctionTask owner;
  std::vector<Receiver> to;
  Outbox outbox;
};

TEST_CASE("Records of one lane leave in order, in a batch that says whose they are, how many, and since when") {
  Fixture f;
  for (char c = 'a'; c <= 'e'; ++c) f.put(0, 16, static_cast<std::uint8_t>(c));
  f.put(1, 24, 'x');
  CHECK_FALSE(f.outbox.delivered());
  CHECK(f.to[0].taken.empty());
  CHECK(f.outbox.flush());
  CHECK(f.outbox.delivered());
  REQUIRE(f.to[0].taken.size() == 1);
  const wire::Batch& b = *f.to[0].taken[0];
  CHECK(b.count == 5);
  CHECK(b.bytes == 80);
  CHECK(b.source == TaskId(7));
  CHECK(b.dest == TaskId(100));
  CHECK(b.born == f.now);
  CHECK_FALSE(b.end);
  CHECK(f.marks(0, 16) == "abcde");
  CHECK(f.to[1].taken.at(0)->dest == TaskId(101));
}

TEST_CASE("A flush without records offers nothing") {
  Fixture f;
  CHECK(f.outbox.flush());
  f.put(0, 8);
  CHECK(f.outbox.flush());
  CHECK(f.outbox.flush());
  CHECK(f.to[0].offers == 1);
  CHECK(f.to[1].offers == 0);
}

TEST_CASE("A record larger than any batch gets one of its own and keeps its place") {
  Fixture f;
  f.put(0, 10, 'a');
  f.put(0, 500000, 'b');
  f.put(0, 10, 'c');
  CHECK(f.outbox.flush());
  REQUIRE(f.to[0].taken.size() == 3);
  CHECK(f.to[0].taken[0]->data[0] == 'a');
  CHECK(f.to[0].taken[1]->bytes == 500000);
  CHECK(f.to[0].taken[1]->data[499999] == 'b');
  CHECK(f.to[0].taken[2]->data[0] == 'c');
}

TEST_CASE("Full batches wait for send_full(); the open one waits for flush()") {
  Fixture f(512, 1);
  for (int i = 0; i < 10; ++i) f.put(0, 100);
  CHECK(f.to[0].taken.empty());
  CHECK(f.outbox.has_full());
  f.outbox.send_full();
  CHECK_FALSE(f.outbox.has_full());
  CHECK(f.to[0].taken.size() == 1);
  CHECK(f.to[0].taken[0]->count == 5);
  CHECK_FALSE(f.outbox.delivered());
  CHECK(f.outbox.flush());
  CHECK(f.to[0].taken.size() == 2);
}

TEST_CASE("Batches grow while they are flushed full, up to the setting, and shrink when they leave nearly empty") {
  Fixture f(32768, 1);
  for (int i = 0; i < 3000; ++i) f.put(0, 100);
  CHECK(f.outbox.flush());
  CHECK(f.to[0].taken.front()->capacity == 4096);
  CHECK(f.to[0].taken.back()->capacity == 32768);
  for (const wire::BatchPtr& b : f.to[0].taken) CHECK(b->capacity <= 32768);
  f.to[0].taken.clear();
  for (int i = 0; i < 20; ++i) {
    f.put(0, 100);
    CHECK(f.outbox.flush());
  }
  CHECK(f.to[0].taken.back()->capacity == 512);
}

TEST_CASE("What is refused waits in order: the outbox is not delivered, says so, and later offers the same again") {
  Fixture f(512, 2);
  f.to[0].open = false;
  for (char c = 'a'; c <= 'j'; ++c) f.put(0, 250, static_cast<std::uint8_t>(c));
  f.put(1, 250, 'z');
  CHECK_FALSE(f.outbox.flush());
  CHECK(f.outbox.refused());
  CHECK_FALSE(f.outbox.delivered());
  CHECK(f.to[1].taken.size() == 1);  // a slow reader does not stall its neighbour
  f.put(0, 250, 'k');
  CHECK_FALSE(f.outbox.flush());
  std::ptrdiff_t waits = 0;
  f.outbox.each([&](const std::uint8_t* at, const std::uint8_t* end) { waits += end - at; });
  CHECK(waits == 11 * 250);
  f.to[0].open = true;
  CHECK(f.outbox.flush());
  CHECK_FALSE(f.outbox.refused());
  CHECK(f.marks(0, 250) == "abcdefghijk");
  CHECK(f.batches.out() == f.to[0].taken.size() + f.to[1].taken.size());
}

TEST_CASE("END goes out on every lane, last, also where nothing was ever sent and where data was refused") {
  Fixture f(512, 3);
  f.to[1].open = false;
  f.put(0, 16, 'a');
  f.put(1, 16, 'b');
  f.outbox.end_all(f.now);
  CHECK_FALSE(f.outbox.flush());
  CHECK(f.to[0].taken.size() == 2);
  CHECK(f.to[1].taken.empty());  // not before its data
  CHECK(f.to[2].taken.size() == 1);
  f.to[1].open = true;
  CHECK(f.outbox.flush());
  for (const Receiver& to : f.to) {
    REQUIRE_FALSE(to.taken.empty());
    CHECK(to.taken.back()->end);
    CHECK(to.taken.back()->count == 0);
    CHECK(to.taken.back()->bytes == 0);
    CHECK(to.taken.back()->source == TaskId(7));
  }
}

}  // namespace
}  // namespace gale::execute
