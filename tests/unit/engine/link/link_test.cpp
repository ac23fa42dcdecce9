// SPDX-License-Identifier: Apache-2.0
//
// A Link's promises one by one, two links side by side on a clock turned by hand.
#include "engine/link/link.hpp"

#include "engine/wire/data_frame.hpp"
#include "tests/support/faulty_link.hpp"
#include "tests/support/records.hpp"

#include <doctest/doctest.h>

#include <map>
#include <memory>
#include <string>
#include <vector>

namespace gale::link {
namespace {

using std::chrono::milliseconds;

constexpr std::uint64_t kGrant = 10000, kCycleGrant = 5000;
constexpr TaskId kSpout{0}, kFirst{2}, kSecond{3};  // tasks 0, 1 at worker 0; 2, 3 at worker 1

wire::BatchPool& pool() {
  static wire::BatchPool it;
  return it;
}

/// One end: a link and what it asked for. Worker 0's tasks are sources, worker 1's destinations.
struct End final : ExecutedSink {
  void executed(const Executed& event) noexcept override {
    if (link) link->executed(event, clock->now(), actions);
  }
  void open_as(std::uint16_t me, std::uint32_t incarnation, std::uint64_t topology, std::weak_ptr<ExecutedSink> self) {
    auto limits = std::make_shared<wire::Limits>();
    *limits = {.me = WorkerId{me},
               .worker_of = {WorkerId{0}, WorkerId{0}, WorkerId{1}, WorkerId{1}},
               .inputs_of = {1, 1, 1, 1},
               .worker_of_ledger = {WorkerId{0}, WorkerId{1}}};
    limits->max_frame_bytes = 1u << 20;
    const std::uint32_t first = me * 2u;
    link = std::make_unique<Link>(LinkConfig{
        .me = WorkerId{me},
        .peer = WorkerId{static_cast<std::uint16_t>(1 - me)},
        .incarnation = Incarnation{incarnation},
        .topology = topology,
        .limits = limits,
        .pool = &pool(),
        .grants = {{{TaskId{first}}, kGrant}, {{TaskId{first + 1}}, kGrant}, {{TaskId{first}, true}, kCycleGrant}},
        .transfer_batch_bytes = 4096,
        .sink = std::move(self),
        .times = {}});
  }
  std::unique_ptr<Link> link;
  LinkActions actions;
  ManualClock* clock = nullptr;
};

struct Pair {
  Pair() {
    a = start(0, 1);
    b = start(1, 1);
  }
  ~Pair() {
    for (const auto& end : {a, b}) {
      end->link.reset();
      end->actions = {};
    }
  }
  std::shared_ptr<End> start(std::uint16_t me, std::uint32_t incarnation, std::uint64_t topology = 7) {
    auto end = std::make_shared<End>();
    end->clock = &clock;
    end->open_as(me, incarnation, topology, end);
    return end;
  }
  /// Carries frames to and fro until nobody sends. `lose` drops those of its lane from a to b.
  void exchange(bool lose_data = false, bool lose_all = false) {
    for (int i = 0; i < 100; ++i) {
      auto from_a = std::exchange(a->actions.sends, {}), from_b = std::exchange(b->actions.sends, {});
      if (from_a.empty() && from_b.empty()) return;
      for (auto& send : from_a)
        if (!lose_all && !(lose_data && send.lane == Lane::kData)) hand(*b, send.lane, std::move(send.frame));
      for (auto& send : from_b)
        if (!lose_all) hand(*a, send.lane, std::move(send.frame));
    }
    FAIL("two links that never stop talking");
  }
  void hand(End& to, Lane lane, wire::Frame frame) {
    wire::FrameHeader header;
    REQUIRE(wire::get_header(frame.bytes(), wire::kMaxFrameBytes, header) == wire::Refusal::kNone);
    to.link->on_frame(lane, header, std::move(frame), clock.now(), to.actions);
  }
  void pass(Duration by) {
    clock.advance(by);
    for (const auto& end : {a, b}) end->link->tick(clock.now(), end->actions);
    exchange();
  }
  void greet() {
    pass({});
    REQUIRE(a->link->open());
    REQUIRE(b->link->open());
    a->actions = {};
    b->actions = {};
  }
  bool send(TaskId dest, std::uint64_t number, std::uint32_t padding = 0, TaskId source = kSpout) {
    wire::BatchPtr batch = test::make_batch(pool(), source, dest, {test::make_record(number, padding)});
    return a->link->try_send(batch, clock.now(), a->actions);
  }
  void flush() {
    for (const auto& end : {a, b}) end->link->flush(clock.now(), end->actions);
    exchange();
  }
  void execute_all() { b->actions.deliver.clear(); }
  std::vector<std::uint64_t> delivered() {
    std::vector<std::uint64_t> numbers;
    for (const auto& batch : b->actions.deliver)
      numbers.push_back(batch->end ? ~std::uint64_t{0} : test::number_in(batch->data));
    return numbers;
  }

  ManualClock clock;
  std::shared_ptr<End> a, b;
};

using Numbers = std::vector<std::uint64_t>;
constexpr std::uint64_t kEnd = ~std::uint64_t{0};

TEST_CASE("nothing is taken before both sides know each other, and who was refused hears when they do") {
  Pair pair;
  CHECK_FALSE(pair.send(kFirst, 1));
  pair.pass({});
  CHECK(pair.a->link->open());
  CHECK(pair.a->actions.peer_changed == Incarnation{1});
  REQUIRE(pair.a->actions.credit.size() == 1);
  CHECK(pair.a->actions.credit[0] == kFirst);
  CHECK(pair.send(kFirst, 1));
}

TEST_CASE("HELLO is said again, more and more slowly, until it is answered") {
  Pair pair;
  for (int i = 0; i < 1000; ++i) {
    pair.clock.advance(milliseconds(10));
    pair.a->link->tick(pair.clock.now(), pair.a->actions);
  }
  const auto said = pair.a->link->counters().hellos_sent;
  CHECK(said > 8);
  CHECK(said < 20);  // 10 s: 20, 40 ... 640 ms, then each second
  pair.exchange();
  CHECK(pair.a->link->open());
}

TEST_CASE("a lost answer to HELLO is asked for again") {
  Pair pair;
  pair.b->link->tick(pair.clock.now(), pair.b->actions);
  pair.hand(*pair.a, Lane::kAck, pair.b->actions.sends[0].frame);
  pair.b->actions = {};
  pair.hand(*pair.b, Lane::kAck, pair.a->actions.sends[0].frame);
  REQUIRE(pair.b->link->open());
  pair.b->actions = {};  // what would open a is lost
  REQUIRE_FALSE(pair.a->link->open());
  pair.a->actions = {};
  pair.pass(milliseconds(30));
  CHECK(pair.a->link->open());
}

TEST_CASE("two links with nothing to say fall silent") {
  Pair pair;
  pair.greet();
  CHECK(pair.send(kFirst, 1));
  pair.flush();
  pair.execute_all();
  pair.flush();
  for (int i = 0; i < 5; ++i) pair.pass(milliseconds(20));
  CHECK(pair.a->link->settled());
  CHECK(pair.b->link->settled());
  CHECK(pair.a->link->next_due() == TimePoint::max());
  CHECK(pair.b->link->next_due() == TimePoint::max());
}

TEST_CASE("batches gather for a millisecond and share a frame") {
  Pair pair;
  pair.greet();
  CHECK(pair.send(kFirst, 1));
  CHECK(pair.send(kSecond, 2));
  CHECK(pair.send(kFirst, 3));
  CHECK(pair.a->actions.sends.empty());
  CHECK(pair.a->link->next_due() == pair.clock.now() + milliseconds(1));
  pair.pass(milliseconds(1));
  CHECK(pair.delivered() == Numbers{1, 2, 3});
  pair.execute_all();
  pair.flush();
  CHECK(pair.a->link->settled());
}

TEST_CASE("a large batch leaves at once, behind what was gathered, and is not copied") {
  Pair pair;
  pair.greet();
  CHECK(pair.send(kFirst, 1));
  wire::BatchPtr batch = test::make_batch(pool(), kSpout, kFirst, {test::make_record(2, 3000)});
  const std::uint8_t* const data = batch->data;
  CHECK(pair.a->link->try_send(batch, pair.clock.now(), pair.a->actions));
  REQUIRE(pair.a->actions.sends.size() == 2);
  CHECK(pair.a->actions.sends[1].frame.bytes().data() == data - wire::kHeadroom);
  pair.exchange();
  CHECK(pair.delivered() == Numbers{1, 2});
}

TEST_CASE("a batch from elsewhere than the pool is copied and let go") {
  struct Elsewhere final : wire::BatchHome {
    void done(wire::Batch*) noexcept override { ++home; }
    int home = 0;
  } elsewhere;
  Pair pair;
  pair.greet();
  auto record = test::make_record(5, 3000);
  wire::Batch foreign;
  foreign.data = record.data();
  foreign.bytes = static_cast<std::uint32_t>(record.size());
  foreign.count = 1;
  foreign.source = kSpout;
  foreign.dest = kFirst;
  foreign.home = &elsewhere;
  wire::BatchPtr batch(&foreign);
  CHECK(pair.a->link->try_send(batch, pair.clock.now(), pair.a->actions));
  pair.a->actions.release.clear();
  CHECK(elsewhere.home == 1);
  pair.exchange();
  CHECK(pair.delivered() == Numbers{5});
}

TEST_CASE("credit above zero lets one batch through whatever its size, and executing gives it back") {
  Pair pair;
  pair.greet();
  CHECK(pair.send(kFirst, 1, 50000));
  CHECK(pair.a->link->credit(kFirst) < 0);
  CHECK_FALSE(pair.send(kFirst, 2));
  CHECK(pair.send(kSecond, 3));  // its neighbour is not stalled
  pair.flush();
  CHECK(pair.delivered() == Numbers{1, 3});
  CHECK_FALSE(pair.send(kFirst, 2));
  CHECK(pair.a->actions.credit.empty());
  pair.execute_all();
  pair.flush();
  REQUIRE(pair.a->actions.credit.size() == 1);
  CHECK(pair.a->actions.credit[0] == kFirst);
  CHECK(pair.a->link->credit(kFirst) == static_cast<std::int64_t>(kGrant));
  CHECK(pair.send(kFirst, 2));
}

TEST_CASE("feedback waits for no credit, and its own is counted") {
  Pair pair;
  pair.greet();
  const auto send = [&](std::uint64_t number) {
    wire::BatchPtr batch = test::make_batch(pool(), kSpout, kFirst, {test::make_record(number)});
    batch->feedback = true;
    return pair.a->link->try_send(batch, pair.clock.now(), pair.a->actions);
  };
  CHECK(pair.send(kFirst, 1, 50000));
  CHECK_FALSE(pair.send(kFirst, 2));
  CHECK(send(3));
  CHECK(send(4));
  const CreditUse use = pair.a->link->credit_use({kFirst, true});
  CHECK(use.grant == kCycleGrant);
  CHECK(use.used > 2 * wire::kBatchCharge);
  pair.flush();
  CHECK(pair.delivered() == Numbers{1, 3, 4});
  CHECK_FALSE(pair.b->actions.deliver[0]->feedback);
  CHECK(pair.b->actions.deliver[1]->feedback);
  pair.execute_all();
  pair.flush();
  CHECK(pair.a->link->credit_use({kFirst, true}).used == 0);
  CHECK(pair.a->link->credit(kFirst) == static_cast<std::int64_t>(kGrant));
}

TEST_CASE("many tiny batches take credit for what they cost, not for their bytes") {
  Pair pair;
  pair.greet();
  std::uint64_t taken = 0;
  while (pair.send(kFirst, taken)) ++taken;
  CHECK(taken <= kGrant / wire::kBatchCharge + 1);
}

TEST_CASE("END needs no credit and stays behind the data of its pair") {
  Pair pair;
  pair.greet();
  CHECK(pair.send(kFirst, 1, 50000));
  wire::BatchPtr end = test::make_end(pool(), kSpout, kFirst);
  CHECK(pair.a->link->try_send(end, pair.clock.now(), pair.a->actions));
  pair.flush();
  CHECK(pair.delivered() == Numbers{1, kEnd});
  CHECK(pair.b->actions.deliver[1]->source == kSpout);
  pair.execute_all();
  pair.flush();
  CHECK(pair.a->link->credit(kFirst) == static_cast<std::int64_t>(kGrant));
  CHECK(pair.a->link->settled());
}

TEST_CASE("a batch larger than a frame may be is dropped, counted and said") {
  Pair pair;
  pair.greet();
  CHECK(pair.send(kFirst, 1, 1u << 20));
  CHECK(pair.a->link->counters().batches_too_large == 1);
  CHECK(pair.a->actions.notes.size() == 1);
  CHECK(pair.a->actions.sends.empty());
  CHECK(pair.a->link->credit(kFirst) == static_cast<std::int64_t>(kGrant));
}

TEST_CASE("memory of a frame goes when it was received, its confirmation comes when it was executed") {
  Pair pair;
  pair.greet();
  CHECK(pair.send(kFirst, 1));
  pair.flush();
  CHECK(pair.a->link->kept_frames() == 1);
  pair.pass(milliseconds(10));  // the receiver tells what it has
  CHECK(pair.a->link->kept_frames() == 0);
  CHECK_FALSE(pair.a->link->settled());
  pair.execute_all();
  pair.flush();
  pair.pass(milliseconds(10));
  CHECK(pair.a->link->settled());
}

TEST_CASE("a small section is copied out, so that it does not pin the frame of its neighbours") {
  Pair pair;
  pair.greet();
  CHECK(pair.send(kSecond, 1));
  CHECK(pair.send(kFirst, 2, 1800));
  pair.a->link->flush(pair.clock.now(), pair.a->actions);
  REQUIRE(pair.a->actions.sends.size() == 1);
  const auto frame = pair.a->actions.sends[0].frame.bytes();
  const auto within = [&](const wire::Batch& batch) {
    return batch.data >= frame.data() && batch.data < frame.data() + frame.size();
  };
  pair.exchange();
  REQUIRE(pair.b->actions.deliver.size() == 2);
  CHECK_FALSE(within(*pair.b->actions.deliver[0]));
  CHECK(within(*pair.b->actions.deliver[1]));
  CHECK(pair.delivered() == Numbers{1, 2});
}

TEST_CASE("a frame lost in the middle is asked for by its successor") {
  Pair pair;
  pair.greet();
  CHECK(pair.send(kFirst, 1));
  pair.a->link->flush(pair.clock.now(), pair.a->actions);
  pair.a->actions.sends.clear();
  CHECK(pair.send(kFirst, 2));
  pair.flush();
  CHECK(pair.delivered() == Numbers{1, 2});
  CHECK(pair.b->link->counters().gaps == 1);
  CHECK(pair.b->link->counters().resend_requests == 1);
  CHECK(pair.a->link->counters().frames_resent == 2);
}

TEST_CASE("a lost last frame is found by a ping") {
  Pair pair;
  pair.greet();
  CHECK(pair.send(kFirst, 1));
  pair.a->link->flush(pair.clock.now(), pair.a->actions);
  pair.exchange(true);
  CHECK(pair.delivered().empty());
  pair.pass(milliseconds(50));
  CHECK(pair.a->link->counters().pings == 1);
  CHECK(pair.delivered() == Numbers{1});
}

TEST_CASE("to a peer that is away a link pings ever less and keeps no more than credit allows") {
  Pair pair;
  pair.greet();
  std::uint64_t number = 0;
  for (int i = 0; i < 6000; ++i) {
    pair.clock.advance(milliseconds(10));
    while (pair.send(kFirst, number)) ++number;
    pair.a->link->tick(pair.clock.now(), pair.a->actions);
    pair.exchange(false, true);
  }
  CHECK(number <= kGrant / wire::kBatchCharge + 1);
  CHECK(pair.a->link->kept_frames() <= number);
  CHECK(pair.a->link->counters().pings < 70);  // a minute
  pair.pass(milliseconds(1000));
  CHECK(pair.delivered().size() == number);
}

TEST_CASE("a doubled frame is dropped") {
  Pair pair;
  pair.greet();
  CHECK(pair.send(kFirst, 1));
  pair.a->link->flush(pair.clock.now(), pair.a->actions);
  pair.hand(*pair.b, Lane::kData, pair.a->actions.sends[0].frame);
  pair.exchange();
  CHECK(pair.delivered() == Numbers{1});
  CHECK(pair.b->link->counters().duplicates_dropped == 1);
}

/// Folded, as a ledger would see them.
std::map<std::uint64_t, std::uint64_t> acks_of(const LinkActions& actions) {
  std::map<std::uint64_t, std::uint64_t> all;
  for (const wire::AckBatch& batch : actions.acks) {
    for (const wire::Ack& ack : batch.acks) all[ack.root.value] ^= ack.edges;
  }
  return all;
}

TEST_CASE("acks for a peer that was not heard of yet reach it when it is") {
  Pair pair;  // its tuples may come by way of others
  pair.b->link->ack({LedgerId{0}, {{RootId{5}, 9}}, {}}, pair.clock.now(), pair.b->actions);
  pair.pass({});
  CHECK(acks_of(pair.a->actions) == std::map<std::uint64_t, std::uint64_t>{{5, 9}});
}

TEST_CASE("acks that were under way to the old life of a peer are told to the new one, written or not") {
  Pair pair;
  pair.greet();
  pair.a->link->ack({LedgerId{1}, {{RootId{1}, 3}}, {}}, pair.clock.now(), pair.a->actions);
  pair.a->link->flush(pair.clock.now(), pair.a->actions);
  REQUIRE(pair.a->actions.sends.size() == 1);
  pair.exchange(false, true);  // ...and lost: the peer lives anew already
  pair.a->link->ack({LedgerId{1}, {{RootId{1}, 4}, {RootId{2}, 8}}, {}}, pair.clock.now(), pair.a->actions);
  pair.b = pair.start(1, 2);
  pair.pass({});
  pair.flush();
  CHECK(acks_of(pair.b->actions) == std::map<std::uint64_t, std::uint64_t>{{1, 7}, {2, 8}});
  CHECK(pair.a->link->waiting_acks() == 0);
}

TEST_CASE("to a new life of the peer nothing is sent again, and its owner is told") {
  Pair pair;
  pair.greet();
  CHECK(pair.send(kFirst, 1));
  pair.a->link->flush(pair.clock.now(), pair.a->actions);
  const wire::Frame old = pair.a->actions.sends[0].frame;
  pair.exchange(true);
  CHECK(pair.send(kFirst, 2));  // gathered
  pair.a->link->ack({LedgerId{1}, {{RootId{1}, 1}}, {}}, pair.clock.now(), pair.a->actions);
  pair.b = pair.start(1, 2);
  pair.pass({});
  CHECK(pair.a->actions.peer_changed == Incarnation{2});
  CHECK(pair.a->link->counters().frames_dropped_to_dead == 2);
  CHECK(pair.a->link->counters().acks_told_again == 1);
  CHECK(pair.a->link->credit(kFirst) == static_cast<std::int64_t>(kGrant));
  pair.pass(milliseconds(50));  // the acks are confirmed
  CHECK(pair.a->link->kept_frames() == 0);
  pair.hand(*pair.b, Lane::kData, old);
  CHECK(pair.b->link->counters().stale_refused == 1);
  CHECK(pair.delivered().empty());
  CHECK(pair.send(kFirst, 3));
  pair.flush();
  CHECK(pair.delivered() == Numbers{3});
}

TEST_CASE("what a dead incarnation sent is executed without giving credit to the living one") {
  Pair pair;
  pair.greet();
  CHECK(pair.send(kFirst, 1));
  pair.flush();
  pair.a = pair.start(0, 2);
  pair.pass({});
  pair.execute_all();
  CHECK(pair.b->link->counters().late_executed == 1);
  pair.flush();
  CHECK(pair.a->link->counters().credit_refused == 0);
  CHECK(pair.a->link->settled());
}

TEST_CASE("an older life and another topology are refused and counted") {
  Pair pair;
  pair.b = pair.start(1, 5);
  pair.greet();
  auto old = pair.start(1, 4);
  auto other = pair.start(1, 6, 8);
  for (const auto& end : {old, other}) {
    end->link->tick(pair.clock.now(), end->actions);
    pair.hand(*pair.a, Lane::kAck, end->actions.sends[0].frame);
  }
  CHECK(pair.a->link->counters().stale_refused == 2);
  CHECK(pair.a->link->peer_incarnation() == Incarnation{5});
  CHECK(pair.a->link->open());
  CHECK(pair.a->actions.sends.empty());
}

TEST_CASE("acks fold while the lane is full and keep the XOR of every root") {
  Pair pair;
  pair.greet();
  std::map<std::uint64_t, std::uint64_t> expected, got;
  std::uint64_t edge = 1;
  for (int i = 0; i < 3000; ++i) {
    wire::AckBatch batch{LedgerId{1}, {}, {}};
    for (std::uint64_t slot = 0; slot < 500; ++slot) {
      edge = edge * 6364136223846793005u + 1442695040888963407u;
      batch.acks.push_back({RootId{slot << 44 | 1}, edge});
      expected[batch.acks.back().root.value] ^= edge;
    }
    pair.a->link->ack(std::move(batch), pair.clock.now(), pair.a->actions);
    CHECK(pair.a->link->waiting_acks() <= PendingAcks::kFoldAt);
    CHECK(pair.a->link->kept_frames() <= 256);
    pair.a->actions.sends.clear();  // the peer is away
  }
  for (int i = 0; i < 20; ++i) pair.pass(milliseconds(200));
  for (const auto& batch : pair.b->actions.acks)
    for (const wire::Ack& ack : batch.acks) got[ack.root.value] ^= ack.edges;
  CHECK(got == expected);
  CHECK(pair.a->link->settled());
}

TEST_CASE("a frame that breaks the grammar is counted, said once a second, and its number is not taken") {
  Pair pair;
  pair.greet();
  CHECK(pair.send(kFirst, 1));
  pair.a->link->flush(pair.clock.now(), pair.a->actions);
  const auto good = pair.a->actions.sends[0].frame.bytes();
  std::vector<std::uint8_t> bad(good.begin(), good.end());
  bad[wire::kHeadroom] = 0xff;  // a record's size
  for (int i = 0; i < 1000; ++i) pair.hand(*pair.b, Lane::kData, test::frame_of(bad));
  CHECK(pair.b->link->counters().garbage_refused == 1000);
  CHECK(pair.b->actions.notes.size() == 1);
  CHECK(pair.delivered().empty());
  pair.exchange();
  CHECK(pair.delivered() == Numbers{1});
  pair.clock.advance(std::chrono::seconds(2));
  pair.hand(*pair.b, Lane::kAck, test::frame_of(bad));  // data does not belong there
  REQUIRE(pair.b->actions.notes.size() == 2);
  CHECK(pair.b->actions.notes[1].find("999 more") != std::string::npos);
}

TEST_CASE("a peer that confirms what was never sent is not believed") {
  Pair pair;
  pair.greet();
  wire::BatchPtr room = pool().take(512);
  const wire::LaneWriter writer(*room, {.data_received = 5});
  const wire::FrameHeader header{.type = wire::FrameType::kLane,
                                 .topology = 7,
                                 .from = WorkerId{1},
                                 .to = WorkerId{0},
                                 .from_incarnation = Incarnation{1},
                                 .to_incarnation = Incarnation{1},
                                 .body_bytes = writer.bytes()};
  wire::put_header(room->data - wire::kFrameHeaderBytes, header);
  const std::uint8_t* const begin = room->data - wire::kFrameHeaderBytes;
  pair.hand(*pair.a, Lane::kAck, wire::Frame(std::move(room), begin, wire::kFrameHeaderBytes + writer.bytes()));
  CHECK(pair.a->link->counters().garbage_refused == 1);
}

}  // namespace
}  // namespace gale::link
