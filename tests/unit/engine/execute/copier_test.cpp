// SPDX-License-Identifier: Apache-2.0
//
// Copier against a ledger: whatever trees, joins and copies are made, a root completes with its last copy and not
// before.
#include "engine/execute/copier.hpp"
#include "engine/ack/ledger.hpp"
#include "tests/unit/engine/execute/fixtures.hpp"

#include <doctest/doctest.h>

#include <algorithm>
#include <deque>
#include <map>
#include <random>
#include <set>

namespace gale::execute {
namespace {

plan::Edge edge_with(plan::Grouping grouping, std::uint16_t input, std::vector<std::uint16_t> key = {}) {
  plan::Edge e;
  e.grouping = grouping;
  e.input = input;
  e.key = std::move(key);
  return e;
}

struct Fixture {
  /// Streams: 0 to one task, 1 to every of three, 2 to both kinds of reader, 3 by key, 4 to nobody, 5 in turn, 6 direct
  /// to task 0 or to one of 1-3.
  Fixture() {
    for (std::uint32_t i = 0; i < 4; ++i) outbox.add_lane(TaskId(i), to, false);
    for (int i = 0; i < 7; ++i) copier.add_stream();
    way(0, one, {0});
    way(1, all, {1, 2, 3});
    way(2, one, {0});
    way(2, all, {1, 2, 3});
    way(3, keyed, {1, 2, 3});
    way(5, edge_with(plan::Grouping::kShuffle, 8), {1, 2, 3});
    way(6, edge_with(plan::Grouping::kDirect, 9), {0});
    way(6, edge_with(plan::Grouping::kDirect, 9), {1, 2, 3});
  }
  void way(std::uint16_t stream, const plan::Edge& kind, const std::vector<std::uint32_t>& lanes) {
    plan::Edge& e = edges.emplace_back(kind);
    e.stream = stream;
    route::Readers readers;
    readers.tasks = static_cast<std::uint32_t>(lanes.size());
    copier.add_way(route::Grouping(e, readers), lanes, TaskId(lanes.front()), nullptr);
  }
  Emit emit(std::uint16_t stream) const {
    return {
        stream, reinterpret_cast<const std::uint8_t*>(values.data()), static_cast<std::uint32_t>(values.size()), {}};
  }
  /// All records that were written since.
  std::vector<std::vector<std::uint8_t>> records() {
    outbox.flush();
    std::vector<std::vector<std::uint8_t>> found;
    for (const wire::BatchPtr& b : to.taken) {
      for (const std::uint8_t* at = b->data; at != b->data + b->bytes; at += wire::head_of(at).size) {
        found.emplace_back(at, at + wire::head_of(at).size);
      }
    }
    to.taken.clear();
    return found;
  }

  std::deque<plan::Edge> edges;
  plan::Edge one = edge_with(plan::Grouping::kGlobal, 5), all = edge_with(plan::Grouping::kAll, 6),
             keyed = edge_with(plan::Grouping::kFields, 7, {0});
  wire::BatchPool batches;
  FunctionTask owner;
  Receiver to;
  Outbox outbox{batches, owner, TaskId(9), 4096};
  Copier copier{outbox};
  std::string values = codec::packed(Value(Value::Array{Value(std::int64_t{42}), Value("text")}));
};

TEST_CASE("A copy is the input's number, the anchor with a fresh edge, and the packed values, byte for byte") {
  Fixture f;
  const wire::Anchor root{RootId(0x123456789), 0, LedgerId(3)};
  std::uint64_t edges = 0;
  REQUIRE(f.copier.copy_one(f.emit(0), &root, edges));
  const auto records = f.records();
  REQUIRE(records.size() == 1);
  const gale_in_record head = wire::head_of(records[0].data());
  CHECK(head.size == records[0].size());
  CHECK(head.input == 5);
  REQUIRE(wire::anchors_of(head) == 1);
  const wire::Anchor a = wire::anchor_at(records[0].data(), 0);
  CHECK(a.root == root.root);
  CHECK(a.ledger == root.ledger);
  CHECK(a.edge == edges);
  CHECK(a.edge != 0);
  CHECK(std::string(records[0].begin() + head.values_at, records[0].end()) == f.values);
  CHECK(f.copier.take_copies() == 1);
}

TEST_CASE("Each copy of an emit has an edge of its own, and they all gather; without an anchor there is none") {
  Fixture f;
  const wire::Anchor root{RootId(77), 0, LedgerId(0)};
  std::uint64_t edges = 0, gathered = 0;
  REQUIRE(f.copier.copy_one(f.emit(2), &root, edges));
  std::set<std::uint64_t> distinct;
  for (const auto& r : f.records()) {
    distinct.insert(wire::anchor_at(r.data(), 0).edge);
    gathered ^= wire::anchor_at(r.data(), 0).edge;
  }
  CHECK(distinct.size() == 4);
  CHECK(gathered == edges);
  std::uint64_t nobody_waits = 0;
  REQUIRE(f.copier.copy_one(f.emit(1), nullptr, nobody_waits));
  for (const auto& r : f.records()) CHECK(wire::anchors_of(wire::head_of(r.data())) == 0);
  edges = 0;
  REQUIRE(f.copier.copy_one(f.emit(4), &root, edges));  // a stream without readers
  CHECK(edges == 0);
  CHECK(f.records().empty());
}

TEST_CASE("A key that cannot be routed makes no copy at all, not even for the stream's other readers") {
  Fixture f;
  f.way(2, f.keyed, {1, 2, 3});
  f.values = codec::packed(Value(Value::Array{Value(Value::Array{}), Value("text")}));
  const wire::Anchor root{RootId(77), 0, LedgerId(0)};
  std::uint64_t edges = 0;
  CHECK_FALSE(f.copier.copy_one(f.emit(2), &root, edges));
  CHECK_FALSE(f.copier.copy_one(f.emit(3), &root, edges));
  CHECK(edges == 0);
  CHECK(f.records().empty());
}

std::vector<std::uint8_t> record_with(const std::vector<wire::Anchor>& anchors) {
  const auto values_at = static_cast<std::uint16_t>(wire::kRecordHead + anchors.size() * wire::kAnchorBytes);
  std::vector<std::uint8_t> r(values_at + 1u, 0x90);
  const gale_in_record head{static_cast<std::uint32_t>(r.size()), values_at, 0};
  std::memcpy(r.data(), &head, sizeof head);
  for (std::uint32_t i = 0; i < anchors.size(); ++i) wire::put_anchor(r.data(), i, anchors[i]);
  return r;
}

TEST_CASE("1 024 roots may be joined, one more is too many; roots that both sides carry count once") {
  Fixture f;
  const auto carrying = [](std::uint64_t from, std::uint64_t to) {
    std::vector<wire::Anchor> anchors;
    for (std::uint64_t r = from; r < to; ++r) anchors.push_back({RootId(r), r, LedgerId(0)});
    return record_with(anchors);
  };
  const auto a = carrying(1, 801), b = carrying(401, 1025), c = carrying(1025, 1026);
  std::uint64_t ca = 0, cb = 0, cc = 0;
  bool too_many = false;
  const std::vector<AnchorSource> fits = {{a.data(), &ca}, {b.data(), &cb}};
  CHECK(f.copier.copy_joined(f.emit(0), fits, too_many));
  CHECK_FALSE(too_many);
  CHECK(wire::anchors_of(wire::head_of(f.records().at(0).data())) == 1024);
  const std::vector<AnchorSource> spills = {{a.data(), &ca}, {b.data(), &cb}, {c.data(), &cc}};
  CHECK_FALSE(f.copier.copy_joined(f.emit(0), spills, too_many));
  CHECK(too_many);
  CHECK(cc == 0);
  CHECK(f.records().empty());
}

/// A bolt's world in small: records are held, joined with others, copied, acked in any order. The model counts, for
/// each root, the copies that carry it and are not settled.
class World {
 public:
  explicit World(std::uint64_t seed) : dice_(seed) {}

  void run() {
    for (std::uint32_t slot = 0; slot < kRoots; ++slot) open(slot);
    while (!held_.empty()) {
      std::shuffle(held_.begin(), held_.end(), dice_);
      settle(1 + roll(std::min<std::size_t>(held_.size(), 3)));
      if (roll(3) == 0) deliver();
    }
    while (!acks_.empty()) deliver();
    for (std::uint32_t slot = 0; slot < kRoots; ++slot) REQUIRE(completed_[slot] == 1);
    CHECK(ledger_.stale() == 0);
  }

 private:
  static constexpr std::uint32_t kRoots = 6;
  std::size_t roll(std::size_t n) { return n == 0 ? 0 : dice_() % n; }

  void take_new() {
    for (auto& r : f_.records()) {
      for (std::uint32_t i = 0; i < wire::anchors_of(wire::head_of(r.data())); ++i) {
        ++unsettled_[ack::slot_of(wire::anchor_at(r.data(), i).root)];
      }
      held_.push_back(std::move(r));
    }
  }
  void open(std::uint32_t slot) {
    const wire::Anchor root{ledger_.next_root(slot), 0, LedgerId(0)};
    std::uint64_t edges = 0;
    REQUIRE(f_.copier.copy_one(f_.emit(static_cast<std::uint16_t>(roll(4))), &root, edges));
    ledger_.open(slot, slot, edges, 1, TimePoint{});
    take_new();
  }
  /// Takes `n` records, emits from them, alone and joined, and acks them.
  void settle(std::size_t n) {
    std::vector<std::vector<std::uint8_t>> mine(std::make_move_iterator(held_.end() - static_cast<std::ptrdiff_t>(n)),
                                                std::make_move_iterator(held_.end()));
    held_.resize(held_.size() - n);
    std::vector<std::uint64_t> children(n);
    for (std::size_t emits = made_ < 300 ? roll(4) : 0; emits > 0; --emits, ++made_) {
      std::vector<AnchorSource> sources;
      for (std::size_t i = 0; i < n; ++i) {
        if (roll(2) == 0) sources.push_back({mine[i].data(), &children[i]});
      }
      if (roll(8) == 0 && !sources.empty()) sources.push_back(sources.front());  // named twice
      bool too_many = false;
      const auto stream = static_cast<std::uint16_t>(roll(5));
      if (sources.size() != 1 || roll(2) == 0) {
        REQUIRE(f_.copier.copy_joined(f_.emit(stream), sources, too_many));
        continue;
      }
      std::vector<wire::Anchor> anchors;
      for (std::uint32_t i = 0; i < wire::anchors_of(wire::head_of(sources[0].record)); ++i) {
        anchors.push_back(wire::anchor_at(sources[0].record, i));
      }
      REQUIRE(f_.copier.copy(f_.emit(stream), anchors.data(), static_cast<std::uint32_t>(anchors.size()),
                             *sources[0].children));
    }
    take_new();
    for (std::size_t i = 0; i < n; ++i) {
      for (std::uint32_t k = 0; k < wire::anchors_of(wire::head_of(mine[i].data())); ++k) {
        const wire::Anchor a = wire::anchor_at(mine[i].data(), k);
        acks_.push_back({a.root, a.edge ^ children[i]});
        --unsettled_[ack::slot_of(a.root)];
      }
    }
  }
  /// Some of the acks that wait, in any order, arrive.
  void deliver() {
    std::shuffle(acks_.begin(), acks_.end(), dice_);
    wire::AckBatch batch;
    for (std::size_t n = 1 + roll(acks_.size()); n > 0 && !acks_.empty(); --n) {
      batch.acks.push_back(acks_.back());
      acks_.pop_back();
    }
    ack::Completions done;
    ledger_.apply(batch, {}, done);
    REQUIRE(done.failed.empty());
    for (const std::uint32_t slot : done.acked) {
      ++completed_[slot];
      REQUIRE(unsettled_[slot] == 0);
    }
  }

  std::mt19937_64 dice_;
  Fixture f_;
  ack::Ledger ledger_{kRoots, Incarnation(1)};
  std::vector<std::vector<std::uint8_t>> held_;
  std::vector<wire::Ack> acks_;
  std::map<std::uint32_t, int> unsettled_, completed_;
  std::size_t made_ = 0;
};

TEST_CASE("Over any tree of copies and joins a root completes exactly once, when its last copy is settled") {
  for (std::uint64_t seed = 1; seed <= 300; ++seed) {
    CAPTURE(seed);
    World(seed).run();
  }
}

}  // namespace
}  // namespace gale::execute
