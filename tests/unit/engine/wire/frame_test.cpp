// SPDX-License-Identifier: Apache-2.0
#include "engine/wire/frame.hpp"

#include "engine/wire/bytes.hpp"
#include "engine/wire/crc32c.hpp"
#include "engine/wire/data_frame.hpp"
#include "engine/wire/lane_frame.hpp"
#include "tests/support/records.hpp"

#include <doctest/doctest.h>

#include <random>
#include <string>

namespace gale::wire {
namespace {

using Bytes = std::vector<std::uint8_t>;

std::string hex(std::span<const std::uint8_t> bytes) {
  static constexpr char kDigits[] = "0123456789abcdef";
  std::string text;
  for (std::size_t i = 0; i < bytes.size(); ++i) {
    if (i > 0 && i % 4 == 0) text += ' ';
    text += kDigits[bytes[i] >> 4];
    text += kDigits[bytes[i] & 15];
  }
  return text;
}

/// Worker 0 (tasks 0, 1; ledger 0) hears worker 1 (tasks 2, 3; ledger 1). Task 1 has two inputs, task 0 none.
Limits two_workers() {
  return {.me = WorkerId{0},
          .worker_of = {WorkerId{0}, WorkerId{0}, WorkerId{1}, WorkerId{1}},
          .inputs_of = {0, 2, 0, 1},
          .worker_of_ledger = {WorkerId{0}, WorkerId{1}}};
}

FrameHeader header_of(FrameType type, std::uint64_t seq, std::uint32_t sections, std::size_t body) {
  return {.type = type,
          .topology = 0x1122334455667788,
          .from = WorkerId{1},
          .to = WorkerId{0},
          .from_incarnation = Incarnation{5},
          .to_incarnation = Incarnation{9},
          .seq = seq,
          .sections = sections,
          .body_bytes = static_cast<std::uint32_t>(body)};
}

struct Data {
  FrameHeader header;
  Bytes body;
};

Data data_of(const std::vector<const Batch*>& batches) {
  Data data;
  for (const Batch* batch : batches) {
    const std::size_t at = data.body.size();
    data.body.resize(at + kSectionHeaderBytes + batch->bytes);
    put_section(data.body.data() + at, *batch);
    if (batch->bytes) std::memcpy(data.body.data() + at + kSectionHeaderBytes, batch->data, batch->bytes);
  }
  data.header = header_of(FrameType::kData, 3, static_cast<std::uint32_t>(batches.size()), data.body.size());
  return data;
}

Refusal check(const Data& data) {
  std::vector<Section> sections;
  return check_data(data.header, data.body, two_workers(), sections);
}

TEST_CASE("CRC-32C gives the published check value") {
  const std::string digits = "123456789";
  CHECK(crc32c(reinterpret_cast<const std::uint8_t*>(digits.data()), digits.size()) == 0xe3069283u);
}

TEST_CASE("a frame header is these 48 bytes") {
  Bytes bytes(kFrameHeaderBytes);
  put_header(bytes.data(), header_of(FrameType::kData, 3, 2, 100));
  CHECK(hex(bytes) ==
        "47414c45 02020000 88776655 44332211 01000000 05000000 09000000 02000000 03000000 00000000 64000000 "
        "bb31d532");
}

TEST_CASE("a header is read back as it was written") {
  Bytes bytes(kFrameHeaderBytes + 7);
  put_header(bytes.data(), header_of(FrameType::kLane, 1ull << 40, 3, 7));
  FrameHeader header;
  REQUIRE(get_header(bytes, kMaxFrameBytes, header) == Refusal::kNone);
  CHECK(header.type == FrameType::kLane);
  CHECK(header.topology == 0x1122334455667788);
  CHECK(header.from == WorkerId{1});
  CHECK(header.to == WorkerId{0});
  CHECK(header.from_incarnation == Incarnation{5});
  CHECK(header.to_incarnation == Incarnation{9});
  CHECK(header.seq == 1ull << 40);
  CHECK(header.sections == 3);
  CHECK(header.body_bytes == 7);
}

TEST_CASE("any damaged bit of a header is noticed") {
  Bytes good(kFrameHeaderBytes);
  put_header(good.data(), header_of(FrameType::kData, 3, 2, 0));
  FrameHeader header;
  for (std::size_t bit = 0; bit < good.size() * 8; ++bit) {
    Bytes bad = good;
    bad[bit / 8] ^= static_cast<std::uint8_t>(1 << bit % 8);
    CHECK(get_header(bad, kMaxFrameBytes, header) != Refusal::kNone);
  }
}

TEST_CASE("a header is refused for what is wrong with it") {
  Bytes bytes(kFrameHeaderBytes + 10);
  FrameHeader header = header_of(FrameType::kData, 3, 2, 10);
  put_header(bytes.data(), header);
  FrameHeader out;
  CHECK(get_header(bytes, kMaxFrameBytes, out) == Refusal::kNone);
  CHECK(get_header(std::span(bytes).first(47), kMaxFrameBytes, out) == Refusal::kTooShort);
  CHECK(get_header(std::span(bytes).first(57), kMaxFrameBytes, out) == Refusal::kLength);
  CHECK(get_header(bytes, 57, out) == Refusal::kTooLong);
  Bytes other = bytes;
  other[0] = 'g';
  CHECK(get_header(other, kMaxFrameBytes, out) == Refusal::kMagic);
  other = bytes;
  other[4] = kWireVersion + 1;
  CHECK(get_header(other, kMaxFrameBytes, out) == Refusal::kVersion);
  header.type = static_cast<FrameType>(4);
  put_header(bytes.data(), header);
  CHECK(get_header(bytes, kMaxFrameBytes, out) == Refusal::kType);
}

TEST_CASE("a data section is a head of 24 bytes and the records as they are in memory") {
  BatchPool pool;
  const Anchor anchor{RootId{0x0102030405060708}, 0x1112131415161718, LedgerId{1}};
  const BatchPtr batch = test::make_batch(pool, TaskId{2}, TaskId{1}, {test::make_record(7, 0, 1, {anchor})});
  const BatchPtr end = test::make_end(pool, TaskId{3}, TaskId{1});
  const Data data = data_of({batch.get(), end.get()});
  CHECK(hex(data.body) ==
        "02000000 01000000 01000000 29000000 00000000 00000000 "
        "29000000 1a000100 08070605 04030201 18171615 14131211 010092cf 00000000 00000007 c6000000 00"
        "030000 00010000 00000000 00000000 00010000 00000000 00");
  std::vector<Section> sections;
  REQUIRE(check_data(data.header, data.body, two_workers(), sections) == Refusal::kNone);
  REQUIRE(sections.size() == 2);
  CHECK(sections[0].source == TaskId{2});
  CHECK(sections[0].dest == TaskId{1});
  CHECK(sections[0].count == 1);
  CHECK(sections[0].bytes == batch->bytes);
  CHECK(test::number_in(sections[0].records) == 7);
  CHECK_FALSE(sections[0].end);
  CHECK(sections[1].end);
  CHECK(sections[1].source == TaskId{3});
}

TEST_CASE("a data body is refused for each thing that a reader would stumble over") {
  BatchPool pool;
  const Anchor anchor{RootId{1}, 2, LedgerId{1}};
  const auto good = test::make_record(7, 5, 1, {anchor});
  const auto refused = [&](auto&& change) {
    auto record = good;
    gale_in_record head = head_of(record.data());
    change(head, record);
    std::memcpy(record.data(), &head, sizeof head);
    const BatchPtr batch = test::make_batch(pool, TaskId{2}, TaskId{1}, {good, record, good});
    return check(data_of({batch.get()}));
  };
  using Head = gale_in_record;
  CHECK(refused([](Head&, Bytes&) {}) == Refusal::kNone);
  CHECK(refused([](Head& h, Bytes&) { h.size = 0; }) != Refusal::kNone);
  CHECK(refused([](Head& h, Bytes&) { h.size += 1; }) != Refusal::kNone);
  CHECK(refused([](Head& h, Bytes&) { h.size = 0xffffffff; }) == Refusal::kRecord);
  CHECK(refused([](Head& h, Bytes&) { h.values_at = 7; }) == Refusal::kRecord);
  CHECK(refused([](Head& h, Bytes&) { h.values_at = static_cast<std::uint16_t>(h.size); }) == Refusal::kValues);
  CHECK(refused([](Head& h, Bytes&) { h.values_at += 1; }) == Refusal::kAnchor);
  CHECK(refused([](Head& h, Bytes&) { h.input = 2; }) == Refusal::kInput);
  CHECK(refused([](Head&, Bytes& r) { put_anchor(r.data(), 0, {RootId{1}, 2, LedgerId{2}}); }) == Refusal::kLedger);
  CHECK(refused([](Head& h, Bytes& r) { r[h.values_at] = 0xc0; }) == Refusal::kValues);
  const auto many = test::make_record(7, 0, 1, std::vector<Anchor>(kMaxRoots + 1, anchor));
  const BatchPtr crowded = test::make_batch(pool, TaskId{2}, TaskId{1}, {many});
  CHECK(check(data_of({crowded.get()})) == Refusal::kAnchor);
}

TEST_CASE("a section is refused for its head") {
  BatchPool pool;
  const auto refused = [&](auto&& change) {
    const BatchPtr batch = test::make_batch(pool, TaskId{2}, TaskId{1}, {test::make_record(7)});
    change(*batch);
    return check(data_of({batch.get()}));
  };
  CHECK(refused([](Batch&) {}) == Refusal::kNone);
  CHECK(refused([](Batch& b) { b.source = TaskId{4}; }) == Refusal::kTask);
  CHECK(refused([](Batch& b) { b.source = TaskId{0}; }) == Refusal::kTask);  // a task of ours, not of the sender
  CHECK(refused([](Batch& b) { b.dest = TaskId{0xffffffff}; }) == Refusal::kTask);
  CHECK(refused([](Batch& b) { b.dest = TaskId{3}; }) == Refusal::kTask);   // not here
  CHECK(refused([](Batch& b) { b.dest = TaskId{0}; }) == Refusal::kInput);  // a spout
  CHECK(refused([](Batch& b) { b.end = true; }) == Refusal::kEnd);
  CHECK(refused([](Batch& b) { b.count = 0; }) == Refusal::kEnd);
  CHECK(refused([](Batch& b) { b.count = 2; }) == Refusal::kRecord);
  const BatchPtr batch = test::make_batch(pool, TaskId{2}, TaskId{1}, {test::make_record(7), test::make_record(8)});
  Data data = data_of({batch.get()});
  put(data.body.data() + 12, std::uint32_t{0xffffffff});
  CHECK(check(data) == Refusal::kSectionTruncated);
  data = data_of({batch.get()});
  data.header.sections = 0xffffffff;  // nothing is allocated for them
  CHECK(check(data) == Refusal::kSectionCount);
  data = data_of({batch.get()});
  data.body.push_back(0);
  CHECK(check(data) == Refusal::kTrailing);
}

TEST_CASE("a HELLO is a list of grants") {
  Bytes body(hello_bytes(std::vector<Grant>(2)));
  put_hello(body.data(), std::vector<Grant>{{{TaskId{2}}, 0x40000}, {{TaskId{3}, true}, 1}});
  CHECK(hex(body) == "02000000 00000400 00000000 03000080 01000000 00000000");
  const FrameHeader header = header_of(FrameType::kHello, 0, 2, body.size());
  std::vector<Grant> grants;
  REQUIRE(get_hello(header, body, two_workers(), grants) == Refusal::kNone);
  REQUIRE(grants.size() == 2);
  CHECK(grants[0].purse.task == TaskId{2});
  CHECK(!grants[0].purse.feedback);
  CHECK(grants[1].purse.task == TaskId{3});
  CHECK(grants[1].purse.feedback);
  CHECK(grants[0].bytes == 0x40000);
  put_hello(body.data(), std::vector<Grant>{{{TaskId{1}}, 1}, {{TaskId{3}}, 1}});
  CHECK(get_hello(header, body, two_workers(), grants) == Refusal::kTask);
  CHECK(get_hello(header, std::span(body).first(12), two_workers(), grants) == Refusal::kSectionCount);
}

BatchPtr lane_room(BatchPool& pool) {
  BatchPtr room = pool.take(512);
  LaneWriter writer(*room, {.data_sent = 1, .data_received = 2, .lane_sent = 3, .lane_received = 4, .ping = true});
  CHECK(writer.acks(LedgerId{0}, std::vector<Ack>{{RootId{5}, 6}}) == 1);
  CHECK(writer.fails(LedgerId{0}, std::vector<Fail>{{RootId{7}, "no"}}) == 1);
  CHECK(writer.credit(std::vector<Grant>{{{TaskId{3}}, 8}}) == 1);
  CHECK(writer.confirmed(std::vector<std::uint64_t>{9}) == 1);
  room->bytes = writer.bytes();
  room->count = writer.sections();
  return room;
}

TEST_CASE("a LANE frame is the state of both lanes and then its sections") {
  BatchPool pool;
  const BatchPtr room = lane_room(pool);
  const std::span<const std::uint8_t> body(room->data, room->bytes);
  CHECK(hex(body) ==
        "01000000 00000000 02000000 00000000 03000000 00000000 04000000 00000000 01000000 00000000 "
        "01000000 01000000 05000000 00000000 06000000 00000000 "
        "02000000 01000000 07000000 00000000 02006e6f "
        "03000000 01000000 03000000 08000000 00000000 "
        "04000000 01000000 09000000 00000000");
  const FrameHeader header = header_of(FrameType::kLane, 1, room->count, body.size());
  LaneState state;
  REQUIRE(get_lane_state(header, body, state) == Refusal::kNone);
  CHECK(state.data_sent == 1);
  CHECK(state.data_received == 2);
  CHECK(state.lane_sent == 3);
  CHECK(state.lane_received == 4);
  CHECK(state.ping);
  CHECK_FALSE(state.resend_data);
  LaneBody out;
  REQUIRE(get_lane_body(header, body, two_workers(), out) == Refusal::kNone);
  REQUIRE(out.acks.size() == 1);
  CHECK(out.acks[0].acks[0].edges == 6);
  CHECK(out.acks[0].fails[0].reason == "no");
  CHECK(out.credit[0].bytes == 8);
  CHECK(out.confirmed[0] == 9);
}

TEST_CASE("a LANE frame is refused for a foreign ledger, a long reason, or more entries than bytes") {
  BatchPool pool;
  const auto refused = [&](std::size_t at, std::uint8_t byte) {
    const BatchPtr room = lane_room(pool);
    room->data[at] = byte;
    LaneBody out;
    return get_lane_body(header_of(FrameType::kLane, 1, room->count, room->bytes), {room->data, room->bytes},
                         two_workers(), out);
  };
  CHECK(refused(40, 9) == Refusal::kKind);
  CHECK(refused(42, 1) == Refusal::kLedger);
  CHECK(refused(44 + 3, 0xff) == Refusal::kSectionTruncated);
  CHECK(refused(81, 0xff) == Refusal::kReason);
  LaneState state;
  const Bytes bare(kLaneStateBytes + 8);
  CHECK(get_lane_state(header_of(FrameType::kLane, 0, 1, bare.size()), bare, state) == Refusal::kTrailing);
}

TEST_CASE("a lane writer takes what fits and says how much that was") {
  BatchPool pool;
  BatchPtr room = pool.take(512);
  LaneWriter writer(*room, {});
  CHECK(writer.acks(LedgerId{0}, std::vector<Ack>(100)) == (512 - 40 - 8) / 16);
  CHECK(writer.acks(LedgerId{0}, std::vector<Ack>(100)) == 0);
  CHECK(writer.fails(LedgerId{0}, std::vector<Fail>{{RootId{1}, std::string(100, 'x')}}) == 0);
  CHECK(writer.sections() == 1);
}

TEST_CASE("random and mutated bodies are refused or read, never stumbled over") {
  BatchPool pool;
  std::mt19937_64 random(1);
  const Anchor anchor{RootId{1}, 2, LedgerId{1}};
  const BatchPtr batch = test::make_batch(
      pool, TaskId{2}, TaskId{1}, {test::make_record(7, 5, 1, {anchor}), test::make_record(8), test::make_record(9)});
  const Data data = data_of({batch.get(), batch.get()});
  const BatchPtr room = lane_room(pool);
  const Bytes lane(room->data, room->data + room->bytes);
  std::size_t refused = 0;
  for (int i = 0; i < 100000; ++i) {
    Bytes body = i % 2 ? data.body : lane;
    for (std::uint64_t n = 1 + random() % 4; n > 0; --n)
      body[random() % body.size()] = static_cast<std::uint8_t>(random());
    if (random() % 4 == 0) body.resize(random() % body.size());
    // The heap block ends where the body does, so that a sanitizer sees a byte too far.
    const Bytes exact(body.begin(), body.end());
    FrameHeader header = data.header;
    header.sections = i % 2 ? 2 : 4;
    std::vector<Section> sections;
    LaneState state;
    LaneBody out;
    bool bad = check_data(header, exact, two_workers(), sections) != Refusal::kNone;
    if (!bad)
      for (const Section& section : sections) {
        const std::uint8_t* at = section.records;
        for (std::uint32_t r = 0; r < section.count; ++r) at += head_of(at).size;
        CHECK(at == section.records + section.bytes);
      }
    bool bad_lane = get_lane_state(header, exact, state) != Refusal::kNone;
    if (!bad_lane) bad_lane = get_lane_body(header, exact, two_workers(), out) != Refusal::kNone;
    std::vector<Grant> grants;
    bad = bad && bad_lane && get_hello(header, exact, two_workers(), grants) != Refusal::kNone;
    refused += bad;
  }
  CHECK(refused > 50000);
}

}  // namespace
}  // namespace gale::wire
