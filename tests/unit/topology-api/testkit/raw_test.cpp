// SPDX-License-Identifier: Apache-2.0
//
// Components of other SDKs may write what ours never would: a table of C functions, whose execute writes what the test
// says. The kit reads no byte beyond what was written, and says what is wrong.
#include "gale/testkit/record.hpp"

#include "components.hpp"

#include <doctest/doctest.h>

#include <cstring>

namespace gale::testkit::test {
namespace {

struct Raw {
  std::string writes = {};                    // by execute
  std::uint8_t verdict = GALE_VERDICT_ACKED;  // of its input
  bool keeps = false;
  std::uint32_t runs = 1;  // of the batch's inputs
  std::uint32_t status = GALE_OK;
  std::string description = {};
};
Raw raw;
const gale_task* task_of_raw;

void put(const gale_task* task, const std::string& bytes) {
  gale_out& out = *task->out;
  if (static_cast<std::size_t>(out.end - out.at) < bytes.size()) CHECK(out.more(&out, bytes.size()) == GALE_OK);
  std::memcpy(out.at, bytes.data(), bytes.size());
  out.at += bytes.size();
  out.begun = out.at;
}

gale_component table() {
  gale_component c{};
  c.size = sizeof c;
  c.kind = GALE_BOLT;
  c.name = {"Raw", 3};
  c.describe = [](void* into, void (*write)(void*, gale_str), gale_text*) -> std::uint32_t {
    write(into, {raw.description.data(), raw.description.size()});
    return GALE_OK;
  };
  c.create = [](const gale_task* task, void** self, gale_text*) -> std::uint32_t {
    task_of_raw = task;
    *self = &raw;
    return GALE_OK;
  };
  c.execute = [](void*, gale_batch* batch, gale_text*) -> std::uint32_t {
    gale_kept kept{};
    if (raw.keeps) CHECK(task_of_raw->keep(task_of_raw, 0, &kept) == GALE_OK);
    CHECK(task_of_raw->keep(task_of_raw, batch->count, &kept) == GALE_TOO_MUCH);  // there is no such input
    put(task_of_raw, raw.writes);
    batch->verdict[0] = raw.verdict;
    batch->first += raw.runs;
    return raw.status;
  };
  c.destroy = [](void*) {};
  return c;
}

const gale_component kRaw = table();

std::string record(gale_out_record head, const std::string& behind) {
  head.size = static_cast<std::uint32_t>(sizeof head + behind.size());
  return std::string(reinterpret_cast<const char*>(&head), sizeof head) + behind;
}
std::string number(std::uint64_t n) { return {reinterpret_cast<const char*>(&n), 8}; }

/// What the kit says of a bolt that does this with one tuple.
Texts said_of(Raw what) {
  what.description = codec::packed(Value(Value::Map{
      {"streams",
       Value(Value::Array{
           Value(Value::Map{{"name", "default"}, {"fields", Value(Value::Array{"v"})}}),
           Value(Value::Map{{"name", "direct"}, {"fields", Value(Value::Array{"v"})}, {"direct", true}})})}}));
  raw = std::move(what);
  Harness bolt(kRaw);
  try {
    bolt.execute({1});
  } catch (const TestFailure& failure) {
    bolt.abandon_kept();
    bolt.take_violations();
    return {failure.what()};
  }
  bolt.abandon_kept();
  return bolt.take_violations();
}
std::string emit(std::uint16_t stream, const std::string& values, std::uint32_t anchor = GALE_ANCHOR_NONE,
                 std::uint8_t flags = 0) {
  return record({0, sizeof(gale_out_record), stream, GALE_EMIT, flags, 0, anchor}, values);
}

TEST_CASE("What is as it should be is accepted") {
  CHECK(said_of({}) == Texts{});
  CHECK(said_of({.writes = emit(0, "\x91\x01", 0)}) == Texts{});
}

TEST_CASE("An emit must be to a stream that there is, whole, and from a tuple that is held") {
  const std::string call = "execute of #1 {1} of test/default: ";
  CHECK(said_of({.writes = emit(2, "\x91\x01")}) == Texts{call + "an emit to stream number 2, which it has not"});
  CHECK(said_of({.writes = emit(0, "\x92\x01\x02")}) ==
        Texts{call + "an emit of {1, 2} to stream 'default', which has 1 fields"});
  CHECK(said_of({.writes = emit(1, "\x91\x01")}) ==
        Texts{call + "an emit that names no task on stream 'direct', which is direct"});
  CHECK(said_of({.writes = emit(0, "\x91\x01", 1)}) ==
        Texts{call + "{1} is anchored to a tuple that it does not hold"});
}

TEST_CASE("A tuple is settled once, and kept before it is said to be") {
  const std::string ack = record({0, 24, 0, GALE_ACK, 0, 0, GALE_ANCHOR_NONE}, number(GALE_FIRST_KEPT + 1));
  const std::string tuple = "#1 {1} of test/default ";
  CHECK(said_of({.writes = ack, .verdict = GALE_VERDICT_KEPT, .keeps = true}) == Texts{});
  CHECK(said_of({.writes = ack + ack, .verdict = GALE_VERDICT_KEPT, .keeps = true}) ==
        Texts{"a kept tuple was settled that is not, or no longer, kept"});
  CHECK(said_of({.writes = ack}) == Texts{"a kept tuple was settled that is not, or no longer, kept"});
  CHECK(said_of({.verdict = GALE_VERDICT_KEPT}) == Texts{tuple + "has verdict 3 but was not kept"});
  CHECK(said_of({.verdict = 9}) == Texts{tuple + "has verdict 9 but was not kept"});
  CHECK(said_of({.verdict = GALE_VERDICT_ACKED, .keeps = true}) ==
        Texts{tuple + "was kept, and acked or forgotten as well"});
  CHECK(said_of({.writes = record({0, 24, 0, GALE_TOUCH, 0, 0, GALE_ANCHOR_NONE}, number(5))}) ==
        Texts{"a kept tuple was touched that is not, or no longer, kept"});
  CHECK(said_of({.writes = record({0, 24, 0, GALE_FAIL, 0, 0, 0}, number(0) + "why")}) ==
        Texts{"execute of #1 {1} of test/default: a reason was written for a tuple that did not fail: why"});
}

TEST_CASE("What is no record is refused, and nothing is read beyond it") {
  const std::string begin = "the component wrote a record that ";
  CHECK(said_of({.writes = "short"}) == Texts{begin + "ends within a head"});
  gale_out_record head{100, 16, 0, GALE_EMIT, 0, 0, GALE_ANCHOR_NONE};
  CHECK(said_of({.writes = std::string(reinterpret_cast<char*>(&head), sizeof head)}) ==
        Texts{begin + "is longer than what was written"});
  CHECK(said_of({.writes = record({0, 17, 0, GALE_EMIT, 0, 0, GALE_ANCHOR_NONE}, "")}) ==
        Texts{begin + "has its values elsewhere"});
  CHECK(said_of({.writes = emit(0, "\x91\x01", GALE_ANCHOR_NONE, GALE_TRACKED)}) ==
        Texts{begin + "is too short for its flags"});
  CHECK(said_of({.writes = record({0, 20, 0, GALE_EMIT, GALE_CHOSEN, 0, GALE_ANCHOR_NONE}, "\xff\xff\xff\x7f\x90")}) ==
        Texts{begin + "is too short for its flags"});
  CHECK(said_of({.writes = emit(0, "\x91")}) == Texts{begin + "does not hold one msgpack array"});
  CHECK(said_of({.writes = emit(0, "\x01")}) == Texts{begin + "does not hold one msgpack array"});
  CHECK(said_of({.writes = emit(0, "\x91\x01", GALE_ANCHOR_LIST)}) ==
        Texts{begin + "has anchors without a list, or the other way"});
  CHECK(said_of({.writes = record({0, 16, 0, 9, 0, 0, 0}, number(1))}) == Texts{begin + "is of an unknown kind"});
  CHECK(said_of({.writes = record({0, 24, 0, GALE_ACK, 0, 0, 0}, number(0))}) ==
        Texts{begin + "settles no kept tuple"});
}

TEST_CASE("An execute that runs nothing, or fails as a whole, ends the test rather than hanging it") {
  CHECK(said_of({.runs = 0}) == Texts{"execute ran none of its inputs"});
  CHECK(said_of({.status = GALE_THROWN}) == Texts{""});
}

TEST_CASE("A description of another shape is refused") {
  for (const char* bad : {"", "\xc1", "\x81\xa7streams\x01", "\x81\xa4keys\x91\x80"}) {
    raw.description = bad;
    CHECK_THROWS_AS(Harness<void>{kRaw}, TestFailure);
  }
}

}  // namespace
}  // namespace gale::testkit::test
