// SPDX-License-Identifier: Apache-2.0
//
// A seeded simulator of acker, ledger, links and replay: trees of tuples grow over two or three workers whose network
// loses, doubles, delays, cuts and lies, and whose processes die. Tuples are acked late, failed, kept and touched. What
// must hold: no root completes before all of its tree was executed, or twice, or fails for another's reason; every
// message is acked in the end, by the replay of what was lost, and exactly once.
#include "engine/ack/ledger.hpp"
#include "engine/link/link.hpp"
#include "tests/support/faulty_link.hpp"
#include "tests/support/records.hpp"

#include <doctest/doctest.h>

#include <algorithm>
#include <deque>
#include <map>
#include <memory>
#include <random>
#include <utility>
#include <vector>

namespace gale {
namespace {

using namespace std::chrono_literals;
using link::Lane;
using link::LinkActions;

constexpr std::uint32_t kLayers = 3;  // tuples go from layer to layer: credit cannot wait in a circle
constexpr std::uint32_t kSlots = 8;
constexpr std::uint64_t kMessages = 12;
constexpr std::uint64_t kGrant = 2000;
constexpr Duration kTimeout = 400ms, kMaxAge = 100s;
constexpr WorkerId kLedgersWorker{0};

/// What came of one root, as the test knows it.
struct Tree {
  std::uint64_t message = 0;
  RootId root;
  std::vector<std::size_t> first;  // the copies of the root itself, into Truth::nodes
  bool done = false, asked_to_fail = false;
};
/// One copy of a tuple.
struct Node {
  std::size_t tree = 0;
  std::uint32_t layer = 0;
  std::vector<std::vector<std::size_t>> executions;  // each time it was executed: the copies that came of it
};
struct Truth {
  std::vector<Tree> trees;
  std::vector<Node> nodes;
  [[nodiscard]] bool processed(std::size_t node) const {
    return std::any_of(nodes[node].executions.begin(), nodes[node].executions.end(),
                       [this](const auto& children) { return all(children); });
  }
  [[nodiscard]] bool all(const std::vector<std::size_t>& some) const {
    return std::all_of(some.begin(), some.end(), [this](std::size_t n) { return processed(n); });
  }
};

class World;

/// One life of one worker: a task for each layer, and the links.
struct Worker final : link::ExecutedSink {
  void executed(const link::Executed& event) noexcept override;
  World* world = nullptr;  // null once dead
  WorkerId id;
  Incarnation incarnation;
  std::map<WorkerId, std::unique_ptr<link::Link>> links;
  std::deque<wire::BatchPtr> inbox[kLayers];
  std::deque<wire::BatchPtr> outbox[kLayers + 1];  // the last is the spout's
  std::vector<wire::Ack> kept;                     // to be told later
};

class World {
 public:
  World(std::uint64_t seed, std::uint16_t workers, test::Faults faults)
      : random_(seed), network_(seed + 1, faults), size_(workers) {
    for (std::uint16_t w = 0; w < size_; ++w) {
      limits_.worker_of.insert(limits_.worker_of.end(), kLayers + 1, WorkerId{w});
      limits_.inputs_of.insert(limits_.inputs_of.end(), kLayers + 1, 1);
    }
    limits_.worker_of_ledger.push_back(kLedgersWorker);
    for (std::uint64_t m = 0; m < kMessages; ++m) to_emit_.push_back(m);
    for (std::uint16_t w = 0; w < size_; ++w) start(WorkerId{w}, Incarnation{1});
  }
  ~World() {
    for (auto& [id, worker] : alive_) kill(*worker);
  }

  void step() {
    Worker& worker = any();
    switch (chance(1, 8) ? 8 + random_() % 3 : random_() % 8) {
      case 0:
      case 1:
        return emit();
      case 2:
      case 3:
        return execute(worker, static_cast<std::uint32_t>(random_() % kLayers));
      case 4:
        return flush(worker);
      case 5:
        return pass_time(std::chrono::microseconds(random_() % 20'000));
      case 6:
        return tell_kept(worker, 1);
      case 7:
        return touch(worker);
      case 8:
        return expire();
      case 9:
        if (chance(1, 4)) restart(WorkerId{static_cast<std::uint16_t>(random_() % size_)});
        return;
      default:
        return network_.cut(worker.id, other_than(worker.id), chance(1, 2) ? Lane::kData : Lane::kAck);
    }
  }
  /// The network heals and nobody dies any more: every message must be acked.
  bool come_to_rest() {
    network_.set_faults({.delay_most = 100us});
    faults_ = false;
    for (int i = 0; i < 4000 && acked_.size() < kMessages; ++i) {
      emit();
      for (auto& [id, worker] : alive_) {
        for (std::uint32_t layer = 0; layer < kLayers; ++layer) execute(*worker, layer);
        tell_kept(*worker, worker->kept.size());
        flush(*worker);
      }
      pass_time(2ms);
      expire();
    }
    return acked_.size() == kMessages;
  }
  void check() const {
    for (const auto& [message, times] : acked_) CHECK(times == 1);
  }
  struct Totals {
    std::uint64_t acked = 0, timed_out = 0, failed = 0, stale = 0, restarts = 0, resent = 0;
  } totals;

  void carry_out(Worker& worker, WorkerId peer, LinkActions& actions) {
    for (auto& send : actions.sends) network_.send(worker.id, peer, send.lane, send.frame, clock_.now());
    for (auto& batch : actions.deliver) worker.inbox[layer_of(batch->dest)].push_back(std::move(batch));
    for (auto& acks : actions.acks) apply(acks);
  }
  [[nodiscard]] TimePoint now() const { return clock_.now(); }

 private:
  static TaskId task(WorkerId worker, std::uint32_t layer) { return TaskId{worker.value * (kLayers + 1) + layer}; }
  static std::uint32_t layer_of(TaskId id) { return id.value % (kLayers + 1); }
  bool chance(unsigned one, unsigned in) { return random_() % in < one; }
  std::uint64_t edge() { return random_() | 1; }
  Worker& any() { return *alive_[WorkerId{static_cast<std::uint16_t>(random_() % size_)}]; }
  WorkerId other_than(WorkerId me) {
    const auto w = static_cast<std::uint16_t>(random_() % (size_ - 1u));
    return WorkerId{static_cast<std::uint16_t>(w < me.value ? w : w + 1)};
  }

  // ---- lives

  void start(WorkerId me, Incarnation incarnation) {
    auto worker = std::make_shared<Worker>();
    worker->world = this;
    worker->id = me;
    worker->incarnation = incarnation;
    auto own = std::make_shared<wire::Limits>(limits_);
    own->me = me;
    std::vector<wire::Grant> grants;
    for (std::uint32_t layer = 0; layer < kLayers; ++layer) grants.push_back({{task(me, layer)}, kGrant});
    for (std::uint16_t w = 0; w < size_; ++w) {
      if (WorkerId{w} == me) continue;
      link::LinkConfig config{.me = me,
                              .peer = WorkerId{w},
                              .incarnation = incarnation,
                              .topology = 7,
                              .limits = own,
                              .pool = &pool_,
                              .grants = grants,
                              .transfer_batch_bytes = 1024,
                              .sink = worker,
                              .times = {}};
      worker->links[WorkerId{w}] = std::make_unique<link::Link>(std::move(config));
    }
    alive_[me] = worker;
    if (me != kLedgersWorker) return;
    ledger_ = std::make_unique<ack::Ledger>(kSlots, incarnation);
    of_slot_.clear();
    free_.clear();
    for (std::uint32_t slot = 0; slot < kSlots; ++slot) free_.push_back(slot);
  }
  static void kill(Worker& worker) {
    worker.world = nullptr;
    for (auto& inbox : worker.inbox) inbox.clear();
    for (auto& outbox : worker.outbox) outbox.clear();
    for (auto& [peer, link] : worker.links) link.reset();
  }
  void restart(WorkerId id) {
    const std::shared_ptr<Worker> old = alive_[id];
    ++totals.restarts;
    kill(*old);
    if (id == kLedgersWorker) {  // its source emits again what was not acked
      totals.stale += ledger_->stale();
      for (const auto& [slot, tree] : of_slot_) to_emit_.push_back(truth_.trees[tree].message);
    }
    start(id, Incarnation{old->incarnation.value + 1});
    for (std::uint16_t w = 0; w < size_; ++w) {
      for (const Lane lane : {Lane::kData, Lane::kAck}) {
        if (chance(1, 2)) network_.cut(id, WorkerId{w}, lane);
        if (chance(1, 2)) network_.cut(WorkerId{w}, id, lane);  // else it comes to the next life
      }
    }
  }

  // ---- a tuple's way

  void emit() {
    Worker& worker = *alive_[kLedgersWorker];
    if (to_emit_.empty() || free_.empty() || !deliver(worker, kLayers)) return;
    Tree& tree = truth_.trees.emplace_back();
    const std::size_t number = truth_.trees.size() - 1;
    tree.message = to_emit_.front();
    to_emit_.pop_front();
    const std::uint32_t slot = free_.back();
    free_.pop_back();
    tree.root = ledger_->next_root(slot);
    std::uint64_t edges = 0;
    for (std::uint64_t n = 1 + random_() % 4; n > 0; --n) edges ^= spawn(worker, kLayers, number, 0, tree.first);
    ledger_->open(slot, tree.message, edges, 1, now());
    of_slot_[slot] = number;
    deliver(worker, kLayers);
  }
  /// A copy for a task of `layer` anywhere; its edge.
  std::uint64_t spawn(Worker& from, std::uint32_t from_layer, std::size_t tree, std::uint32_t layer,
                      std::vector<std::size_t>& siblings) {
    siblings.push_back(truth_.nodes.size());
    truth_.nodes.push_back({tree, layer, {}});
    const wire::Anchor anchor{truth_.trees[tree].root, edge(), LedgerId{0}};
    const WorkerId to{static_cast<std::uint16_t>(random_() % size_)};
    from.outbox[from_layer].push_back(test::make_batch(
        pool_, task(from.id, from_layer), task(to, layer),
        {test::make_record(siblings.back(), static_cast<std::uint32_t>(random_() % 50), 0, {anchor})}));
    return anchor.edge;
  }
  /// True when nothing is left in the outbox.
  bool deliver(Worker& worker, std::uint32_t layer) {
    auto& outbox = worker.outbox[layer];
    for (; !outbox.empty(); outbox.pop_front()) {
      const WorkerId to = limits_.worker_of[outbox.front()->dest.value];
      if (to == worker.id) {
        worker.inbox[layer_of(outbox.front()->dest)].push_back(std::move(outbox.front()));
        continue;
      }
      LinkActions actions;
      const bool taken = worker.links[to]->try_send(outbox.front(), now(), actions);
      carry_out(worker, to, actions);
      if (!taken) return false;
    }
    return true;
  }
  void execute(Worker& worker, std::uint32_t layer) {
    if (!deliver(worker, layer) || worker.inbox[layer].empty()) return;
    const wire::BatchPtr batch = std::move(worker.inbox[layer].front());
    worker.inbox[layer].pop_front();
    const std::size_t node = test::number_in(batch->data);
    const wire::Anchor anchor = wire::anchor_at(batch->data, 0);
    if (faults_ && chance(1, 10)) {
      truth_.trees[truth_.nodes[node].tree].asked_to_fail = true;
      return tell(worker, {LedgerId{0}, {}, {{anchor.root, "asked to"}}});
    }
    std::uint64_t edges = anchor.edge;
    std::vector<std::size_t> children;
    if (layer + 1 < kLayers) {
      for (std::uint64_t n = random_() % 3; n > 0; --n)
        edges ^= spawn(worker, layer, truth_.nodes[node].tree, layer + 1, children);
    }
    truth_.nodes[node].executions.push_back(std::move(children));
    if (chance(1, 4)) {
      worker.kept.push_back({anchor.root, edges});
    } else {
      tell(worker, {LedgerId{0}, {{anchor.root, edges}}, {}});
    }
    deliver(worker, layer);
  }

  // ---- acks

  void tell(Worker& worker, wire::AckBatch acks) {
    if (worker.id == kLedgersWorker) return apply(acks);
    LinkActions actions;
    worker.links[kLedgersWorker]->ack(std::move(acks), now(), actions);
    carry_out(worker, kLedgersWorker, actions);
  }
  void tell_kept(Worker& worker, std::size_t most) {
    for (; most > 0 && !worker.kept.empty(); --most) {
      const std::size_t at = random_() % worker.kept.size();
      const wire::Ack ack = worker.kept[at];
      worker.kept.erase(worker.kept.begin() + static_cast<std::ptrdiff_t>(at));
      tell(worker, {LedgerId{0}, {ack}, {}});
    }
  }
  void touch(Worker& worker) {
    wire::AckBatch touches{LedgerId{0}, {}, {}};
    for (const wire::Ack& ack : worker.kept) touches.acks.push_back({ack.root, 0});
    if (!touches.empty()) tell(worker, std::move(touches));
  }
  void apply(const wire::AckBatch& acks) {
    ledger_->apply(acks, now(), done_);
    complete();
  }
  void expire() {
    ledger_->expire(now(), kTimeout, kMaxAge, done_);
    complete();
  }
  void complete() {
    for (const std::uint32_t slot : done_.acked) {
      const Tree& tree = end(slot);
      CHECK(truth_.all(tree.first));  // not early
      ++acked_[tree.message];
      ++totals.acked;
    }
    for (const ack::Failed& failed : done_.failed) {
      (failed.outcome == ack::Outcome::kTimedOut ? totals.timed_out : totals.failed) += 1;
      const Tree& tree = end(failed.slot);
      if (failed.outcome == ack::Outcome::kFailed) CHECK(tree.asked_to_fail);  // not for another root of its slot
      to_emit_.push_back(tree.message);                                        // the replay
    }
    done_.clear();
  }
  Tree& end(std::uint32_t slot) {
    REQUIRE(of_slot_.count(slot) == 1);
    Tree& tree = truth_.trees[of_slot_[slot]];
    CHECK_FALSE(tree.done);  // not twice
    tree.done = true;
    of_slot_.erase(slot);
    free_.push_back(slot);
    return tree;
  }

  // ---- time

  void flush(Worker& worker) {
    for (auto& [peer, link] : worker.links) {
      LinkActions actions;
      link->flush(now(), actions);
      carry_out(worker, peer, actions);
    }
  }
  void pass_time(Duration by) {
    clock_.advance(by);
    network_.deliver(now(), [&](WorkerId to, Lane lane, wire::Frame frame) {
      wire::FrameHeader header;
      if (wire::get_header(frame.bytes(), wire::kMaxFrameBytes, header) != wire::Refusal::kNone) return;
      Worker& worker = *alive_[to];
      const auto link = worker.links.find(header.from);
      if (link == worker.links.end()) return;
      LinkActions actions;
      link->second->on_frame(lane, header, std::move(frame), now(), actions);
      carry_out(worker, header.from, actions);
    });
    for (auto& [id, worker] : alive_) {
      for (auto& [peer, link] : worker->links) {
        LinkActions actions;
        link->tick(now(), actions);
        carry_out(*worker, peer, actions);
      }
    }
  }

 public:
  /// When all is over.
  void add_up(Totals& sum) const {
    sum.acked += totals.acked;
    sum.timed_out += totals.timed_out;
    sum.failed += totals.failed;
    sum.stale += totals.stale + ledger_->stale();
    sum.restarts += totals.restarts;
    for (const auto& [id, worker] : alive_) {
      for (const auto& [peer, link] : worker->links) sum.resent += link->counters().frames_resent;
    }
  }

 private:
  std::mt19937_64 random_;
  wire::BatchPool pool_;  // outlives what is in the network
  test::FaultyNetwork network_;
  std::uint16_t size_;
  bool faults_ = true;
  ManualClock clock_;
  wire::Limits limits_;
  std::map<WorkerId, std::shared_ptr<Worker>> alive_;
  Truth truth_;
  std::unique_ptr<ack::Ledger> ledger_;
  std::map<std::uint32_t, std::size_t> of_slot_;  // pending trees
  std::vector<std::uint32_t> free_;
  ack::Completions done_;
  std::deque<std::uint64_t> to_emit_;
  std::map<std::uint64_t, int> acked_;  // by message
};

void Worker::executed(const link::Executed& event) noexcept {
  if (world == nullptr) return;
  LinkActions actions;
  links[event.peer]->executed(event, world->now(), actions);
  world->carry_out(*this, event.peer, actions);
}

TEST_CASE("No root completes early or twice, and every message is acked once, whatever the network and death do") {
#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
  constexpr std::uint64_t kSeeds = 1'000;
#else
  constexpr std::uint64_t kSeeds = 10'000;
#endif
  World::Totals sum;
  for (std::uint64_t seed = 1; seed <= kSeeds; ++seed) {
    CAPTURE(seed);
    std::mt19937_64 random(seed);
    const test::Faults faults{.lose = static_cast<double>(random() % 15) / 100,
                              .twice = static_cast<double>(random() % 15) / 100,
                              .garbage = static_cast<double>(random() % 10) / 100,
                              .delay_most = std::chrono::microseconds(random() % 30'000)};
    World world(seed, seed % 3 ? 2 : 3, faults);
    for (int i = 0; i < 250; ++i) world.step();
    REQUIRE(world.come_to_rest());
    world.check();
    world.add_up(sum);
  }
  // The runs reached what they are for.
  CHECK(sum.acked == kSeeds * kMessages);
  CHECK(sum.timed_out > kSeeds);
  CHECK(sum.failed > kSeeds);
  CHECK(sum.stale > kSeeds);
  CHECK(sum.restarts > kSeeds);
  CHECK(sum.resent > kSeeds);
  MESSAGE("acked " << sum.acked << ", timed out " << sum.timed_out << ", failed " << sum.failed << ", stale "
                   << sum.stale << ", restarts " << sum.restarts << ", resent " << sum.resent);
}

}  // namespace
}  // namespace gale
