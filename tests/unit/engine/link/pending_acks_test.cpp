// SPDX-License-Identifier: Apache-2.0
#include "engine/link/pending_acks.hpp"

#include "engine/wire/batch_pool.hpp"

#include <doctest/doctest.h>

#include <map>
#include <string>

namespace gale::link {
namespace {

RootId root(std::uint64_t slot, std::uint64_t serial) { return RootId{slot << 44 | serial}; }

/// All that is pending, through frames of `frame_bytes` as a receiver reads them.
wire::AckBatch drain(PendingAcks& pending, std::uint32_t frame_bytes = 4096) {
  wire::BatchPool pool;
  const wire::Limits limits{.me = WorkerId{0}, .worker_of = {}, .inputs_of = {}, .worker_of_ledger = {WorkerId{0}}};
  wire::LaneBody all;
  while (!pending.empty()) {
    const wire::BatchPtr room = pool.take(frame_bytes);
    wire::LaneWriter writer(*room, {});
    pending.move_into(writer);
    REQUIRE(writer.sections() > 0);
    const wire::FrameHeader header{.type = wire::FrameType::kLane, .seq = 1, .sections = writer.sections()};
    REQUIRE(wire::get_lane_body(header, {room->data, writer.bytes()}, limits, all) == wire::Refusal::kNone);
  }
  CHECK(pending.bytes() <= 2 * wire::kLaneSectionBytes);
  wire::AckBatch merged;
  for (auto& batch : all.acks) {
    merged.acks.insert(merged.acks.end(), batch.acks.begin(), batch.acks.end());
    merged.fails.insert(merged.fails.end(), batch.fails.begin(), batch.fails.end());
  }
  return merged;
}

TEST_CASE("what can leave at once leaves as it came") {
  PendingAcks pending;
  pending.add({LedgerId{0}, {{root(1, 1), 5}, {root(1, 1), 6}}, {{root(2, 1), "why"}}});
  CHECK(pending.entries() == 3);
  const wire::AckBatch out = drain(pending);
  CHECK(out.acks.size() == 2);
  REQUIRE(out.fails.size() == 1);
  CHECK(out.fails[0].reason == "why");
}

TEST_CASE("waiting acks fold to one entry a root and keep its XOR") {
  PendingAcks pending;
  std::map<std::uint64_t, std::uint64_t> expected;
  std::uint64_t edge = 1;
  for (int i = 0; i < 1000; ++i) {
    wire::AckBatch batch;
    for (std::uint64_t slot = 0; slot < 1000; ++slot) {
      edge = edge * 6364136223846793005u + 1442695040888963407u;
      batch.acks.push_back({root(slot, 7), edge});
      expected[root(slot, 7).value] ^= edge;
    }
    pending.add(std::move(batch));
    CHECK(pending.entries() <= PendingAcks::kFoldAt);
  }
  std::map<std::uint64_t, std::uint64_t> got;
  for (const wire::Ack& ack : drain(pending).acks) got[ack.root.value] ^= ack.edges;
  CHECK(got == expected);
}

wire::AckBatch filler() {  // makes it fold
  wire::AckBatch batch;
  for (std::uint64_t i = 0; i < PendingAcks::kFoldAt; ++i) batch.acks.push_back({root(1000, 1), 1});
  return batch;
}

TEST_CASE("in a fold a fail outweighs the acks of its root, and its first reason stays") {
  PendingAcks pending;
  pending.add({LedgerId{0}, {{root(1, 3), 5}}, {{root(1, 3), "first"}, {root(1, 3), "second"}}});
  pending.add(filler());
  CHECK(pending.entries() == 2);  // the fail and the filler
  const wire::AckBatch out = drain(pending);
  REQUIRE(out.fails.size() == 1);
  CHECK(out.fails[0].reason == "first");
}

TEST_CASE("in a fold the newest root of a slot stays, because the older ones are over") {
  PendingAcks pending;
  pending.add(
      {LedgerId{0}, {{root(1, 3), 5}, {root(1, 4), 6}, {root(2, 9), 7}}, {{root(1, 2), "old"}, {root(2, 8), "old"}}});
  pending.add({LedgerId{0}, {{root(3, 1), 8}}, {{root(3, 2), "new"}}});
  pending.add(filler());
  const wire::AckBatch out = drain(pending);
  REQUIRE(out.fails.size() == 1);
  CHECK(out.fails[0].root == root(3, 2));
  REQUIRE(out.acks.size() == 3);
  std::map<std::uint64_t, std::uint64_t> got;
  for (const wire::Ack& ack : out.acks) got[ack.root.value] ^= ack.edges;
  CHECK(got[root(1, 4).value] == 6);
  CHECK(got[root(2, 9).value] == 7);
}

TEST_CASE("a frame too small for all leaves the rest for the next") {
  PendingAcks pending;
  wire::AckBatch batch;
  for (std::uint64_t i = 0; i < 1000; ++i) {
    batch.acks.push_back({root(i, 1), i});
    batch.fails.push_back({root(i, 2), std::string(i % 200, 'r')});
  }
  pending.add(std::move(batch));
  const wire::AckBatch out = drain(pending, 512);
  CHECK(out.acks.size() == 1000);
  CHECK(out.fails.size() == 1000);
}

}  // namespace
}  // namespace gale::link
