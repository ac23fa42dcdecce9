// SPDX-License-Identifier: Apache-2.0
//
// Two hubs in one process over real unix sockets, a thread each: order, acks, death and return, and strangers.
#include "engine/link/hub.hpp"

#include "engine/wire/data_frame.hpp"
#include "tests/support/records.hpp"

#include <doctest/doctest.h>
#include <poll.h>

#include <atomic>
#include <deque>
#include <filesystem>
#include <functional>
#include <memory>
#include <random>
#include <string>
#include <thread>
#include <vector>
#include <zmq.hpp>

namespace gale::link {
namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;

constexpr TaskId kSource{0}, kDest{1};
constexpr std::uint64_t kGrant = 64u << 10;

/// A folder of its own for the sockets.
struct RunFolder {
  RunFolder() {
    std::string name = (std::filesystem::temp_directory_path() / "gale-hub-XXXXXX").string();
    REQUIRE(mkdtemp(name.data()) != nullptr);
    path = name;
  }
  ~RunFolder() { std::filesystem::remove_all(path); }
  [[nodiscard]] Endpoints of(int worker) const {
    const std::string stem = "ipc://" + path.string() + "/w" + std::to_string(worker);
    return {stem + ".data", stem + ".ack"};
  }
  std::filesystem::path path;
};

HubOptions options_of(const RunFolder& folder, std::uint16_t me, std::uint32_t incarnation) {
  HubOptions options;
  options.incarnation = Incarnation{incarnation};
  options.topology = 0xfeed;
  options.limits = {.me = WorkerId{me},
                    .worker_of = {WorkerId{0}, WorkerId{1}},
                    .inputs_of = {0, 1},
                    .worker_of_ledger = {WorkerId{0}}};
  options.grants = {{{TaskId{me}}, kGrant}};
  options.own = {folder.of(me)};
  options.peers = {{WorkerId{static_cast<std::uint16_t>(1 - me)}, folder.of(1 - me)}};
  return options;
}

/// A worker in small: one thread that sends what it has, executes what came, and sleeps on the hub's sockets.
class Node final : public HubEvents {
 public:
  Node(const RunFolder& folder, std::uint16_t me, std::uint32_t incarnation)
      : peer_{static_cast<std::uint16_t>(1 - me)} {
    auto made = LinkHub::create(options_of(folder, me, incarnation), *this, pool_, clock_);
    REQUIRE_MESSAGE(made, made.error());
    hub_ = std::move(*made);
  }
  ~Node() override {
    stop();
    inbox_.clear();
    hub_.reset();
  }
  void run(std::function<void(Node&)> turn) {
    thread_ = std::jthread([this, turn](const std::stop_token& token) { loop(token, turn); });
  }
  void stop() {
    thread_.request_stop();
    if (thread_.joinable()) thread_.join();
  }

  // HubEvents, on the thread that polls
  void deliver(wire::BatchPtr batch) override { inbox_.push_back(std::move(batch)); }
  void acks(wire::AckBatch&& acks) override {
    for (const wire::Ack& ack : acks.acks) acked_xor ^= ack.edges;
  }
  void credit(WorkerId peer, TaskId task) override {
    CHECK(peer == peer_);
    CHECK(task == kDest);
    ++credits;
  }
  void peer_changed(WorkerId peer, Incarnation incarnation) override {
    CHECK(peer == peer_);
    peer_incarnation = incarnation.value;
    first_to_this_peer = next.load();
  }
  void note(std::string_view) override { ++notes; }

  // turns of the tests
  void send_up_to(std::uint64_t last) {
    while (next < last) {
      const auto padding = static_cast<std::uint32_t>(next % 7 == 0 ? 40000 : next % 300);
      wire::BatchPtr batch = test::make_batch(pool_, kSource, kDest, {test::make_record(next, padding)});
      if (!hub_->try_send(batch, clock_.now())) return;
      next = next + 1;
    }
  }
  void execute_and_ack() {
    while (!inbox_.empty()) {
      const wire::BatchPtr batch = std::move(inbox_.front());
      inbox_.pop_front();
      const std::uint64_t number = test::number_in(batch->data);
      if (received == 0) first_received = number;
      if (received > 0 && number != last_received + 1) ++out_of_order;
      last_received = number;
      received = received + 1;
      sent_xor ^= number * 77;
      hub_->ack(peer_, {LedgerId{0}, {{RootId{number % 100 << 44}, number * 77}}, {}}, clock_.now());
    }
  }

  LinkHub& hub() { return *hub_; }
  LinkCounters counters() { return hub_->counters(peer_); }

  std::atomic<std::uint64_t> next{0}, first_to_this_peer{0}, received{0}, first_received{0}, last_received{0};
  std::atomic<std::uint64_t> out_of_order{0}, sent_xor{0}, acked_xor{0}, credits{0}, notes{0}, peer_incarnation{0};

 private:
  void loop(const std::stop_token& token, const std::function<void(Node&)>& turn) {
    while (!token.stop_requested()) {
      turn(*this);
      const bool more = hub_->poll(clock_.now());
      hub_->flush_all(clock_.now());
      const TimePoint due = hub_->tick(clock_.now());
      if (more || !inbox_.empty() || !hub_->quiet()) continue;
      const auto fds = hub_->fds();
      pollfd on[2] = {{fds[0], POLLIN, 0}, {fds[1], POLLIN, 0}};
      const auto wait = std::chrono::ceil<milliseconds>(std::min(due, clock_.now() + milliseconds(20)) - clock_.now());
      ::poll(on, 2, std::max(0, static_cast<int>(wait.count())));
    }
  }

  wire::BatchPool pool_;
  SteadyClock clock_;
  WorkerId peer_;
  std::deque<wire::BatchPtr> inbox_;
  std::unique_ptr<LinkHub> hub_;
  std::jthread thread_;
};

bool soon(const std::function<bool()>& condition) {
  const auto deadline = std::chrono::steady_clock::now() + seconds(30);
  while (!condition()) {
    if (std::chrono::steady_clock::now() > deadline) return false;
    std::this_thread::yield();
  }
  return true;
}

TEST_CASE("batches cross a unix socket in order, and their acks come back") {
  const RunFolder folder;
  Node a(folder, 0, 1), b(folder, 1, 1);
  a.run([](Node& node) { node.send_up_to(5000); });
  b.run([](Node& node) { node.execute_and_ack(); });
  CHECK(soon([&] { return b.received == 5000 && a.hub().settled() && b.hub().settled(); }));
  CHECK(b.out_of_order == 0);
  CHECK(b.first_received == 0);
  CHECK(a.acked_xor == b.sent_xor);
  CHECK(a.credits > 0);  // 64 KB of credit had to come round
  CHECK(a.counters().credit_refused == 0);
  CHECK(a.counters().frames_resent == 0);
}

TEST_CASE("a worker that dies and comes back gets what was sent to its new life, once and in order") {
  const RunFolder folder;
  Node a(folder, 0, 1);
  std::atomic<std::uint64_t> last{3000};
  a.run([&last](Node& node) { node.send_up_to(last); });
  auto b = std::make_unique<Node>(folder, 1, 1);
  b->run([](Node& node) { node.execute_and_ack(); });
  CHECK(soon([&] { return b->received > 1000; }));
  CHECK(b->out_of_order == 0);
  b.reset();  // sockets and all
  b = std::make_unique<Node>(folder, 1, 2);
  b->run([](Node& node) { node.execute_and_ack(); });
  CHECK(soon([&] { return a.peer_incarnation == 2; }));
  last = a.next + 2000;
  CHECK(soon([&] { return a.next == last && a.hub().settled() && b->hub().settled(); }));
  CHECK(b->out_of_order == 0);
  CHECK(b->received == last - a.first_to_this_peer);
  CHECK(b->first_received == a.first_to_this_peer);
}

TEST_CASE("a sender that dies and comes back is a new conversation") {
  const RunFolder folder;
  Node b(folder, 1, 1);
  b.run([](Node& node) { node.execute_and_ack(); });
  for (std::uint32_t life = 1; life <= 3; ++life) {
    Node a(folder, 0, life);
    a.run([](Node& node) { node.send_up_to(500); });
    CHECK(soon([&] { return a.next == 500 && a.hub().settled() && b.hub().settled(); }));
    CHECK(b.received == 500 * life);
    CHECK(b.out_of_order == life - 1);  // each life counts from 0
  }
}

/// Connects like a peer and sends what it likes.
class Stranger {
 public:
  explicit Stranger(const Endpoints& victim) {
    data_.connect(victim.data);
    ack_.connect(victim.ack);
  }
  void send(bool data, const std::vector<std::uint8_t>& bytes) {
    (data ? data_ : ack_).send(zmq::buffer(bytes), zmq::send_flags::none);
  }

 private:
  zmq::context_t context_;
  zmq::socket_t data_{context_, zmq::socket_type::push}, ack_{context_, zmq::socket_type::push};
};

/// A frame as worker 0 in its first life would write it, of a number that was long ago.
std::vector<std::uint8_t> old_frame(wire::BatchPool& pool, bool data) {
  const wire::BatchPtr batch =
      test::make_batch(pool, kSource, kDest, {test::make_record(1, 100), test::make_record(2)});
  std::vector<std::uint8_t> frame(wire::kHeadroom + batch->bytes);
  wire::put_section(frame.data() + wire::kFrameHeaderBytes, *batch);
  std::memcpy(frame.data() + wire::kHeadroom, batch->data, batch->bytes);
  wire::put_header(frame.data(), {.type = data ? wire::FrameType::kData : wire::FrameType::kLane,
                                  .topology = 0xfeed,
                                  .from = WorkerId{0},
                                  .to = WorkerId{1},
                                  .from_incarnation = Incarnation{1},
                                  .to_incarnation = Incarnation{1},
                                  .seq = 1,
                                  .sections = 1,
                                  .body_bytes = static_cast<std::uint32_t>(frame.size() - wire::kFrameHeaderBytes)});
  return frame;
}

TEST_CASE("ten thousand garbage frames are counted, and good traffic goes on") {
  const RunFolder folder;
  Node a(folder, 0, 1), b(folder, 1, 1);
  a.run([](Node& node) { node.send_up_to(8000); });
  b.run([](Node& node) { node.execute_and_ack(); });
  REQUIRE(soon([&] { return b.received > 100; }));
  wire::BatchPool pool;
  std::mt19937_64 random(1);
  Stranger stranger(folder.of(1));
  for (int i = 0; i < 10000; ++i) {
    const bool data = i % 2 == 0;
    std::vector<std::uint8_t> frame = old_frame(pool, data);
    switch (i / 2 % 5) {
      case 0:
        for (auto& byte : frame) byte = static_cast<std::uint8_t>(random());
        break;
      case 1:
        frame.resize(random() % frame.size());
        break;
      case 2:
        frame[random() % wire::kFrameHeaderBytes] ^= static_cast<std::uint8_t>(1 + random() % 255);
        break;
      case 3:
        frame[wire::kFrameHeaderBytes + random() % (frame.size() - wire::kFrameHeaderBytes)] ^= 1;
        break;
      default:
        break;  // a copy of an old one
    }
    stranger.send(data, frame);
  }
  const auto refused = [&] {
    const LinkCounters link = b.counters();
    const LinkHub::Counters hub = b.hub().counters();
    return hub.garbage_refused + hub.strangers_refused + link.garbage_refused + link.stale_refused +
           link.duplicates_dropped;
  };
  CHECK(soon([&] { return refused() >= 10000; }));
  CHECK(soon([&] { return b.received == 8000 && a.hub().settled() && b.hub().settled(); }));
  CHECK(b.out_of_order == 0);
  CHECK(a.acked_xor == b.sent_xor);
  CHECK(refused() == 10000);
  CHECK(b.notes > 0);
  CHECK(b.notes < 200);
}

TEST_CASE("an endpoint that cannot be is an error that says what to do") {
  wire::BatchPool pool;
  SteadyClock clock;
  const RunFolder folder;
  struct Deaf final : HubEvents {
    void deliver(wire::BatchPtr) override {}
    void acks(wire::AckBatch&&) override {}
    void credit(WorkerId, TaskId) override {}
    void peer_changed(WorkerId, Incarnation) override {}
    void note(std::string_view) override {}
  } deaf;
  const auto error_with = [&](const std::string& own, const std::string& peer) -> std::string {
    HubOptions options = options_of(folder, 0, 1);
    if (!own.empty()) options.own[0].data = own;
    if (!peer.empty()) options.peers[0].second.ack = peer;
    auto made = LinkHub::create(std::move(options), deaf, pool, clock);
    return made ? "" : made.error();
  };
  CHECK(error_with("", "").empty());
  CHECK(error_with("ipc:///" + std::string(107, 'x'), "").find("at most 107") != std::string::npos);
  CHECK(error_with("", "ipc:///" + std::string(107, 'x')).find("at most 107") != std::string::npos);
  const std::string missing = error_with("ipc:///no/such/folder/w0.data", "");
  CHECK(missing.find("/no/such/folder/w0.data") != std::string::npos);
  CHECK(missing.find("create its folder") != std::string::npos);
  CHECK(error_with("pigeon://roof", "").find("tcp://address:port") != std::string::npos);
}

TEST_CASE("a batch that outlives its hub goes home quietly") {
  const RunFolder folder;
  wire::BatchPtr kept;
  Node a(folder, 0, 1);
  a.run([](Node& node) { node.send_up_to(1); });
  {
    struct Keeper final : HubEvents {
      explicit Keeper(wire::BatchPtr& k) : kept(k) {}
      void deliver(wire::BatchPtr batch) override { kept = std::move(batch); }
      void acks(wire::AckBatch&&) override {}
      void credit(WorkerId, TaskId) override {}
      void peer_changed(WorkerId, Incarnation) override {}
      void note(std::string_view) override {}
      wire::BatchPtr& kept;
    } keeper(kept);
    static wire::BatchPool pool;
    SteadyClock clock;
    auto hub = LinkHub::create(options_of(folder, 1, 1), keeper, pool, clock);
    REQUIRE(hub);
    CHECK(soon([&] {
      (*hub)->tick(clock.now());
      (*hub)->poll(clock.now());
      return kept != nullptr;
    }));
  }
  REQUIRE(kept);
  CHECK(test::number_in(kept->data) == 0);
  kept.reset();
}

}  // namespace
}  // namespace gale::link
