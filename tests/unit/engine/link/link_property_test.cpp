// SPDX-License-Identifier: Apache-2.0
//
// What must hold between links whatever the network does, over thousands of seeded runs of two or three workers.
#include "engine/link/link.hpp"
#include "engine/wire/data_frame.hpp"
#include "tests/support/faulty_link.hpp"
#include "tests/support/records.hpp"

#include <doctest/doctest.h>

#include <array>
#include <deque>
#include <map>
#include <memory>
#include <random>
#include <set>
#include <string>

namespace gale::link {
namespace {

constexpr std::uint32_t kTasksEach = 2;
constexpr std::uint64_t kGrant = 3000;
constexpr std::uint64_t kTopology = 77;

using Life = std::pair<WorkerId, Incarnation>;
using Way = std::pair<Life, Life>;  // from, to

/// What the test knows to be true, beside the links.
struct Truth {
  struct Pair {
    std::uint64_t accepted = 0, delivered = 0;
    bool ended = false;
  };
  std::map<std::tuple<Way, TaskId, TaskId>, Pair> pairs;
  std::map<std::pair<Way, RootId>, std::uint64_t> sent_xor, got_xor;
  std::map<Way, std::multiset<std::uint64_t>> sent_fails, got_fails;
};

/// A root belongs to one life of its ledger's worker, which refuses those of others, as ack::Ledger does.
RootId root_of(const Life& life, std::uint64_t number) { return RootId{number << 16 | life.second.value}; }
bool is_of(const Life& life, RootId root) { return (root.value & 0xffff) == life.second.value; }

struct World;

/// One life of one worker.
struct Worker final : ExecutedSink {
  void executed(const Executed& event) noexcept override;

  World* world = nullptr;  // null once dead
  Life life;
  std::map<WorkerId, std::unique_ptr<Link>> links;
  std::map<TaskId, std::deque<wire::BatchPtr>> inboxes;
};

struct World {
  World(std::uint64_t seed, std::uint16_t workers, test::Faults faults)
      : random(seed), network(seed + 1, faults), size(workers) {
    auto all = std::make_shared<wire::Limits>();
    for (std::uint16_t w = 0; w < size; ++w) {
      all->worker_of.insert(all->worker_of.end(), kTasksEach, WorkerId{w});
      all->inputs_of.insert(all->inputs_of.end(), kTasksEach, 1);
      all->worker_of_ledger.push_back(WorkerId{w});
    }
    limits = all;
    for (std::uint16_t w = 0; w < size; ++w) start(WorkerId{w}, Incarnation{1});
  }
  ~World() {
    for (auto& [id, worker] : alive) kill(*worker);
    alive.clear();
  }

  void start(WorkerId me, Incarnation incarnation) {
    auto worker = std::make_shared<Worker>();
    worker->world = this;
    worker->life = {me, incarnation};
    auto own = std::make_shared<wire::Limits>(*limits);
    own->me = me;
    std::vector<wire::Grant> grants;
    for (std::uint32_t t = 0; t < kTasksEach; ++t) {
      for (const bool feedback : {false, true})
        grants.push_back({{TaskId{me.value * kTasksEach + t}, feedback}, kGrant});
    }
    for (std::uint16_t w = 0; w < size; ++w) {
      if (WorkerId{w} == me) continue;
      LinkConfig config{.me = me,
                        .peer = WorkerId{w},
                        .incarnation = incarnation,
                        .topology = kTopology,
                        .limits = own,
                        .pool = &pool,
                        .grants = grants,
                        .transfer_batch_bytes = 1024,
                        .sink = worker,
                        .times = {}};
      worker->links[WorkerId{w}] = std::make_unique<Link>(std::move(config));
    }
    alive[me] = worker;
  }
  void kill(Worker& worker) {
    worker.world = nullptr;
    worker.inboxes.clear();
    worker.links.clear();
  }
  void restart(WorkerId id) {
    auto old = alive[id];
    kill(*old);
    start(id, Incarnation{old->life.second.value + 1});
    for (std::uint16_t w = 0; w < size; ++w)
      for (const Lane lane : {Lane::kData, Lane::kAck}) {
        if (random() % 2) network.cut(id, WorkerId{w}, lane);
        if (random() % 2) network.cut(WorkerId{w}, id, lane);  // else it comes to the next life
      }
  }

  // ---- actions

  void carry_out(Worker& worker, WorkerId peer, LinkActions& actions) {
    for (auto& send : actions.sends) network.send(worker.life.first, peer, send.lane, send.frame, clock.now());
    const Life there{peer, worker.links[peer]->peer_incarnation()};
    for (auto& batch : actions.deliver) arrive(worker, there, std::move(batch));
    for (auto& acks : actions.acks) {
      CHECK(acks.ledger.value == worker.life.first.value);
      for (const auto& ack : acks.acks) {
        if (is_of(worker.life, ack.root)) truth.got_xor[{{there, worker.life}, ack.root}] ^= ack.edges;
      }
      for (const auto& fail : acks.fails) {
        if (is_of(worker.life, fail.root)) truth.got_fails[{there, worker.life}].insert(fail.root.value);
      }
    }
    Link& link = *worker.links[peer];
    bound(link);
  }
  void bound(const Link& link) {
    CHECK(link.kept_frames() <= 2 * kTasksEach * (kGrant / wire::kBatchCharge + 2) + 2 * kTasksEach * kTasksEach + 256);
  }
  void arrive(Worker& worker, Life there, wire::BatchPtr batch) {
    auto& pair = truth.pairs[{{there, worker.life}, batch->source, batch->dest}];
    CHECK_FALSE(pair.ended);
    if (batch->end) {
      pair.ended = true;
    } else {
      const std::uint8_t* at = batch->data;
      for (std::uint32_t i = 0; i < batch->count; ++i, at += wire::head_of(at).size)
        CHECK(test::number_in(at) == pair.delivered++);
    }
    worker.inboxes[batch->dest].push_back(std::move(batch));
  }

  // ---- what a step may do

  WorkerId any_worker() { return WorkerId{static_cast<std::uint16_t>(random() % size)}; }
  WorkerId other_than(WorkerId me) {
    const auto w = static_cast<std::uint16_t>(random() % (size - 1u));
    return WorkerId{static_cast<std::uint16_t>(w < me.value ? w : w + 1)};
  }
  TaskId task_of(WorkerId w) {
    return TaskId{static_cast<std::uint32_t>(w.value * kTasksEach + random() % kTasksEach)};
  }

  void send_batch(bool end) {
    Worker& worker = *alive[any_worker()];
    const WorkerId peer = other_than(worker.life.first);
    const TaskId source = task_of(worker.life.first), dest = task_of(peer);
    Link& link = *worker.links[peer];
    const Way way{worker.life, {peer, link.peer_incarnation()}};
    auto& pair = truth.pairs[{way, source, dest}];
    if (ended.count({way, source, dest})) return;
    const bool feedback = (source.value + dest.value) % 3 == 0;
    if (const CreditUse use = link.credit_use({dest, true}); feedback && use.grant != 0 && use.used >= use.grant)
      return;
    std::vector<std::vector<std::uint8_t>> records;
    const std::size_t count = end ? 0 : 1 + random() % 3;
    for (std::size_t i = 0; i < count; ++i)
      records.push_back(test::make_record(pair.accepted + i,
                                          static_cast<std::uint32_t>(random() % 5 ? random() % 100 : random() % 2000)));
    wire::BatchPtr batch = end ? test::make_end(pool, source, dest) : test::make_batch(pool, source, dest, records);
    batch->feedback = !end && feedback;
    LinkActions actions;
    if (link.try_send(batch, clock.now(), actions)) {
      CHECK(batch == nullptr);
      pair.accepted += count;
      if (end) ended.insert({way, source, dest});
    } else {
      CHECK(batch != nullptr);
    }
    carry_out(worker, peer, actions);
  }
  void send_acks() {
    Worker& worker = *alive[any_worker()];
    const WorkerId peer = other_than(worker.life.first);
    Link& link = *worker.links[peer];
    // Its roots may have come by way of others, before the link has heard of that life.
    const Way way{worker.life, alive[peer]->life};
    wire::AckBatch acks{LedgerId{peer.value}, {}, {}};
    for (std::size_t i = random() % 20; i > 0; --i) {
      const wire::Ack ack{root_of(way.second, random() % 50), random()};
      truth.sent_xor[{way, ack.root}] ^= ack.edges;
      acks.acks.push_back(ack);
    }
    if (random() % 4 == 0) {
      acks.fails.push_back({root_of(way.second, random() >> 20), std::string(random() % 30, 'x')});
      truth.sent_fails[way].insert(acks.fails.back().root.value);
    }
    LinkActions actions;
    link.ack(std::move(acks), clock.now(), actions);
    carry_out(worker, peer, actions);
  }
  void execute(Worker& worker, std::size_t most) {
    for (auto& [task, inbox] : worker.inboxes)
      for (std::size_t n = most; n > 0 && !inbox.empty(); --n) {
        wire::BatchPtr batch = std::move(inbox.front());
        inbox.pop_front();
        batch.reset();
      }
  }
  void flush(Worker& worker) {
    for (auto& [peer, link] : worker.links) {
      LinkActions actions;
      link->flush(clock.now(), actions);
      carry_out(worker, peer, actions);
    }
  }
  void pass_time(Duration by) {
    clock.advance(by);
    network.deliver(clock.now(), [&](WorkerId to, Lane lane, wire::Frame frame) {
      wire::FrameHeader header;
      if (wire::get_header(frame.bytes(), wire::kMaxFrameBytes, header) != wire::Refusal::kNone) {
        ++garbage;
        return;
      }
      Worker& worker = *alive[to];
      auto link = worker.links.find(header.from);
      if (link == worker.links.end()) return;
      LinkActions actions;
      link->second->on_frame(lane, header, std::move(frame), clock.now(), actions);
      carry_out(worker, header.from, actions);
    });
    for (auto& [id, worker] : alive)
      for (auto& [peer, link] : worker->links) {
        if (link->next_due() > clock.now()) continue;
        LinkActions actions;
        link->tick(clock.now(), actions);
        carry_out(*worker, peer, actions);
      }
  }
  void step() {
    switch (random() % 12) {
      case 0:
        return send_acks();
      case 1:
        return execute(*alive[any_worker()], 1 + random() % 4);
      case 2:
        return flush(*alive[any_worker()]);
      case 3:
      case 4:
        return pass_time(std::chrono::microseconds(random() % 20000));
      case 5:
        return pass_time(std::chrono::microseconds(random() % 300));
      case 6:
        if (random() % 40 == 0) send_batch(true);
        return;
      case 7:
        if (random() % 30 == 0) restart(any_worker());
        return;
      case 8:
        if (random() % 10 == 0) {
          const WorkerId from = any_worker();
          network.cut(from, other_than(from), random() % 2 ? Lane::kData : Lane::kAck);
        }
        return;
      default:
        return send_batch(false);
    }
  }

  [[nodiscard]] bool settled() const {
    for (const auto& [id, worker] : alive) {
      for (const auto& [peer, link] : worker->links)
        if (!link->open() || !link->settled()) return false;
      for (const auto& [task, inbox] : worker->inboxes)
        if (!inbox.empty()) return false;
    }
    return true;
  }
  /// The network heals; everything must come to rest.
  bool come_to_rest() {
    network.set_faults({.delay_most = std::chrono::microseconds(100)});
    for (int i = 0; i < 3000; ++i) {
      for (auto& [id, worker] : alive) execute(*worker, 1000);
      for (auto& [id, worker] : alive) flush(*worker);
      if (settled()) return true;
      pass_time(std::chrono::milliseconds(2));
    }
    return false;
  }
  void check_at_rest() {
    const auto lives = [&](const Way& way) {
      return alive[way.first.first]->life == way.first && alive[way.second.first]->life == way.second;
    };
    for (const auto& [key, pair] : truth.pairs) {
      if (!lives(std::get<0>(key))) continue;
      CHECK(pair.delivered == pair.accepted);
      CHECK(pair.ended == (ended.count(key) > 0));
    }
    for (const auto& [key, edges] : truth.sent_xor)
      if (lives(key.first)) CHECK(truth.got_xor[key] == edges);
    for (const auto& [way, fails] : truth.sent_fails)
      if (lives(way)) CHECK(truth.got_fails[way] == fails);
    for (const auto& [id, worker] : alive)
      for (const auto& [peer, link] : worker->links) {
        CHECK(link->kept_frames() == 0);
        CHECK(link->waiting_acks() == 0);
        CHECK(link->counters().credit_refused == 0);
        CHECK(link->counters().garbage_refused == 0);  // a damaged header never reaches a link
        for (std::uint32_t t = 0; t < kTasksEach; ++t) {
          const TaskId task{peer.value * kTasksEach + t};
          CHECK(link->credit(task) == static_cast<std::int64_t>(kGrant));
          CHECK(link->credit_use({task, true}).used == 0);
        }
        totals.frames_resent += link->counters().frames_resent;
        totals.duplicates_dropped += link->counters().duplicates_dropped;
        totals.stale_refused += link->counters().stale_refused;
        totals.frames_dropped_to_dead += link->counters().frames_dropped_to_dead;
        totals.batches_delivered += link->counters().batches_delivered;
      }
  }

  std::mt19937_64 random;
  wire::BatchPool pool;  // outlives what is in the network
  test::FaultyNetwork network;
  std::uint16_t size;
  ManualClock clock;
  std::shared_ptr<const wire::Limits> limits;
  std::map<WorkerId, std::shared_ptr<Worker>> alive;
  Truth truth;
  std::set<std::tuple<Way, TaskId, TaskId>> ended;
  std::uint64_t garbage = 0;
  LinkCounters totals;
};

void Worker::executed(const Executed& event) noexcept {
  if (world == nullptr) return;
  LinkActions actions;
  links[event.peer]->executed(event, world->clock.now(), actions);
  world->carry_out(*this, event.peer, actions);
}

void run_seeds(std::uint64_t from, std::uint64_t to, bool must_lose) {
  LinkCounters totals;
  std::uint64_t garbage = 0;
  for (std::uint64_t seed = from; seed < to; ++seed) {
    CAPTURE(seed);
    std::mt19937_64 random(seed);
    const test::Faults faults = must_lose ? test::Faults{.lose = static_cast<double>(random() % 20) / 100,
                                                         .twice = static_cast<double>(random() % 20) / 100,
                                                         .garbage = static_cast<double>(random() % 10) / 100,
                                                         .delay_most = std::chrono::microseconds(random() % 30000)}
                                          : test::Faults{.delay_most = std::chrono::microseconds(random() % 300)};
    World world(seed, seed % 3 ? 2 : 3, faults);
    for (int i = 0; i < 300; ++i) world.step();
    REQUIRE(world.come_to_rest());
    world.check_at_rest();
    totals.frames_resent += world.totals.frames_resent;
    totals.duplicates_dropped += world.totals.duplicates_dropped;
    totals.stale_refused += world.totals.stale_refused;
    totals.frames_dropped_to_dead += world.totals.frames_dropped_to_dead;
    totals.batches_delivered += world.totals.batches_delivered;
    garbage += world.garbage;
  }
  // The runs reached what they are for.
  CHECK(totals.batches_delivered > 20 * (to - from));
  CHECK(totals.frames_dropped_to_dead > 0);
  CHECK(totals.stale_refused > 0);
  if (must_lose) {
    CHECK(totals.frames_resent > to - from);
    CHECK(totals.duplicates_dropped > to - from);
    CHECK(garbage > to - from);
  }
  MESSAGE("batches " << totals.batches_delivered << ", resent " << totals.frames_resent << ", doubled "
                     << totals.duplicates_dropped << ", stale " << totals.stale_refused << ", to the dead "
                     << totals.frames_dropped_to_dead << ", garbage " << garbage);
}

TEST_CASE("a network that loses, doubles, delays and lies changes nothing that was accepted") {
  run_seeds(1, 2001, true);
}

TEST_CASE("restarts alone cost what was on its way to the dead and nothing else") { run_seeds(10001, 10501, false); }

}  // namespace
}  // namespace gale::link
