// SPDX-License-Identifier: Apache-2.0
//
// Two workers side by side in this process, over tcp: connections that are torn, a worker that moves, a port that
// somebody else takes, keys that are taken away. Whatever happens, every root is acked once and nothing is missing.
#include "engine/base/log.hpp"
#include "engine/keys/key_file.hpp"
#include "engine/worker/worker.hpp"
#include "tests/contract/engine_run.hpp"
#include "tests/support/tcp_proxy.hpp"

#include <doctest/doctest.h>

#include <atomic>
#include <cstdlib>
#include <filesystem>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <thread>
#include <vector>
#include <zmq.hpp>

namespace gale::worker {
namespace {

namespace fs = std::filesystem;
using std::chrono::milliseconds;
using test::at;
using test::BoltScript;
using test::SpoutScript;

const link::Endpoints kAnyPort{"tcp://127.0.0.1:*", "tcp://127.0.0.1:*"};

bool soon(const std::function<bool()>& condition, Duration most = std::chrono::seconds(40)) {
  const auto deadline = std::chrono::steady_clock::now() + most;
  while (!condition()) {
    if (std::chrono::steady_clock::now() > deadline) return false;
    std::this_thread::sleep_for(milliseconds(1));
  }
  return true;
}

/// What a spout on worker 1 emits until it is told to stop goes to a bolt on worker 2 and back to a sink on worker 1.
struct Traffic {
  Traffic() {
    spout.next = [this](SpoutCollector& out, Context&) {
      if (enough) return Next::finished();
      const std::uint64_t n = emitted;
      out.emit({.id = n, .replay = Replay::engine}, n, "text");
      emitted = n + 1;
      return Next::emitted();
    };
    spout.ack = [this](MessageId id) {
      acked_sum += id;
      ++acked;
    };
    spout.fail = [this](const Failure&) { ++failed; };
    sink.execute = [this](const Tuple& t, Collector& out) {
      arrived_sum += t.get<std::uint64_t>(0);
      ++arrived;
      out.ack(t);
    };
  }
  [[nodiscard]] std::string topology(const std::string& config = "") const {
    return "name: crossing\nplugins: [scripted]\nconfig: {topology.workers: 2, topology.max.spout.pending: 1000" +
           config +
           "}\nspouts:\n  - {id: spout, className: scripted.Source, config: {topology.component.worker: 1}, "
           "properties: {" +
           at(spout) +
           "}}\nbolts:\n  - {id: bolt, className: scripted.Step, config: {topology.component.worker: 2}, "
           "properties: {" +
           at(bolt) +
           "}}\n  - {id: sink, className: scripted.Step, config: {topology.component.worker: 1}, properties: {" +
           at(sink) +
           "}}\nstreams:\n  - {from: spout, to: bolt, grouping: {type: SHUFFLE}}\n"
           "  - {from: bolt, to: sink, grouping: {type: SHUFFLE}}\n";
  }
  bool more(std::uint64_t by) {
    const std::uint64_t from = acked;
    return soon([&] { return acked >= from + by; });
  }
  /// Each acked once, nothing failed, nothing missing.
  void check_whole() const {
    const std::uint64_t n = emitted;
    CHECK(failed == 0);
    CHECK(acked == n);
    CHECK(acked_sum == n * (n - 1) / 2);
  }
  /// And nothing came twice.
  void check_exact() const {
    CHECK(arrived == emitted);
    CHECK(arrived_sum == acked_sum);
  }

  SpoutScript spout;
  BoltScript bolt, sink;
  std::atomic<bool> enough{false};
  std::atomic<std::uint64_t> emitted{0}, acked{0}, acked_sum{0}, failed{0}, arrived{0}, arrived_sum{0};
};

class Net {
 public:
  explicit Net(Traffic& traffic, bool with_keys, const std::string& config = "")
      : traffic_(traffic), plugins_(test::plugin_dirs()) {
    log::start(log::Level::kOff, "");
    plan_ = test::plan_of(traffic.topology(config), plugins_);
    std::string pattern = (fs::temp_directory_path() / "gale-net-XXXXXX").string();
    REQUIRE(::mkdtemp(pattern.data()) != nullptr);
    dir = pattern;
    if (!with_keys) return;
    for (const char* place : {"0", "1"}) {
      const fs::path keys = dir / place;
      if (*place == '0') {
        REQUIRE(keys::make_own_keys(keys, keys::Role::kWorker));
      } else {  // workers share a pair; each host has its own list
        fs::copy(dir / "0", keys, fs::copy_options::recursive);
      }
      Result<keys::Security> read = keys::read_security(keys, keys::Role::kWorker, keys::Role::kWorker);
      REQUIRE_MESSAGE(read, read.error());
      security_.emplace_back(std::move(*read));
    }
  }
  ~Net() {
    for (auto& one : workers_) one.reset();
    proxies_.clear();
    fs::remove_all(dir);
  }
  Worker& start(std::size_t w, std::vector<link::Endpoints> own = {kAnyPort}, std::uint64_t token = 4711) {
    Options options;
    options.self = WorkerId(static_cast<std::uint16_t>(w));
    options.incarnation = Incarnation(++incarnations_[w]);
    options.threads = 1;
    options.token = token;
    options.own = std::move(own);
    if (!security_.empty()) options.security = security_[w];
    workers_[w] = std::make_unique<Worker>(plan_, options, clock_);
    const Result<void> started = workers_[w]->start(plugins_);
    REQUIRE_MESSAGE(started, started.error());
    return *workers_[w];
  }
  void kill(std::size_t w) { workers_[w].reset(); }
  Worker& operator[](std::size_t w) { return *workers_[w]; }
  /// Worker `w` finds the other one there.
  void lead(std::size_t w, const link::Endpoints& to) {
    const Result<void> moved = workers_[w]->peer_moved(WorkerId(static_cast<std::uint16_t>(1 - w)), to);
    REQUIRE_MESSAGE(moved, moved.error());
  }
  void lead_each_other() {
    for (const std::size_t w : {0u, 1u}) lead(w, workers_[1 - w]->listens_at().front());
  }
  /// The same, each connection through a proxy.
  void lead_by_proxies() {
    for (const std::size_t w : {0u, 1u}) {
      const link::Endpoints real = workers_[1 - w]->listens_at().front();
      test::TcpProxy* data = proxies_.emplace_back(std::make_unique<test::TcpProxy>(real.data)).get();
      test::TcpProxy* ack = proxies_.emplace_back(std::make_unique<test::TcpProxy>(real.ack)).get();
      lead(w, {data->endpoint(), ack->endpoint()});
    }
  }
  void reset_all() {
    for (auto& proxy : proxies_) proxy->reset_all();
  }
  [[nodiscard]] std::uint64_t resets() const {
    std::uint64_t all = 0;
    for (const auto& proxy : proxies_) all += proxy->resets();
    return all;
  }
  bool finish() {
    traffic_.enough = true;
    return soon([&] { return workers_[0]->report().finished && workers_[1]->report().finished; });
  }
  std::uint64_t replayed() {
    std::uint64_t all = 0;
    for (const TaskReport& task : workers_[0]->report().tasks) all += task.replayed;
    return all;
  }
  std::uint64_t resent() {
    return workers_[0]->report().links.frames_resent + workers_[1]->report().links.frames_resent;
  }

  fs::path dir;

 private:
  Traffic& traffic_;
  host::PluginSearch plugins_;
  SteadyClock clock_;
  plan::Plan plan_;
  std::vector<keys::Security> security_;
  std::unique_ptr<Worker> workers_[2];
  std::uint32_t incarnations_[2] = {0, 0};
  std::vector<std::unique_ptr<test::TcpProxy>> proxies_;
};

TEST_CASE("Connections that are reset cost resends and no replay: nothing is missing, nothing comes twice") {
  for (const bool with_keys : {false, true}) {
    CAPTURE(with_keys);
    Traffic traffic;
    Net net(traffic, with_keys);
    net.start(0);
    net.start(1);
    net.lead_by_proxies();
    for (int storm = 0; storm < 10; ++storm) {
      REQUIRE(traffic.more(2000));
      net.reset_all();
    }
    REQUIRE(traffic.more(2000));
    REQUIRE(net.finish());
    CHECK(net.resets() >= 10);
    CHECK(net.resent() > 0);
    CHECK(net.replayed() == 0);
    traffic.check_whole();
    traffic.check_exact();
    MESSAGE("with keys: ", with_keys, ", resets ", net.resets(), ", resends ", net.resent(), ", replays ",
            net.replayed(), ", roots ", traffic.emitted.load());
  }
}

TEST_CASE("A worker whose place moves is found at its new one, in a new life or in the same") {
  Traffic traffic;
  Net net(traffic, true, ", topology.message.timeout.secs: 2");
  net.start(0);
  net.start(1, {kAnyPort, kAnyPort});
  net.lead_each_other();
  REQUIRE(traffic.more(2000));
  net.lead(0, net[1].listens_at().back());  // the same worker by another door
  REQUIRE(traffic.more(2000));
  CHECK(net.replayed() == 0);
  net.kill(1);
  net.start(1);
  net.lead_each_other();
  REQUIRE(traffic.more(2000));
  REQUIRE(net.finish());
  traffic.check_whole();
}

TEST_CASE("A worker listens to its machine by unix sockets and to others over tcp at once") {
  Traffic traffic;
  Net net(traffic, true);
  net.start(0);
  net.start(1, {link::endpoints_in(net.dir.string(), 1), kAnyPort});
  net.lead(0, net[1].listens_at().front());
  net.lead(1, net[0].listens_at().front());
  REQUIRE(traffic.more(2000));
  net.lead(0, net[1].listens_at().back());
  REQUIRE(traffic.more(2000));
  REQUIRE(net.finish());
  traffic.check_whole();
  traffic.check_exact();
  CHECK(net.replayed() == 0);
  CHECK(net[1].report().links.garbage_refused == 0);
}

/// Takes the ports of a worker that has died.
struct Squatter {
  explicit Squatter(const link::Endpoints& at) {
    for (zmq::socket_t* one : {&data, &ack}) {
      one->set(zmq::sockopt::linger, 0);
      const std::string& where = one == &data ? at.data : at.ack;
      const std::string event = "inproc://events." + std::to_string(events.size());
      REQUIRE(zmq_socket_monitor(one->handle(), event.c_str(), ZMQ_EVENT_ACCEPTED | ZMQ_EVENT_DISCONNECTED) == 0);
      events.emplace_back(context, zmq::socket_type::pair).connect(event);
      REQUIRE(
          soon([&] { return zmq_bind(one->handle(), where.c_str()) == 0; }));  // the dead one's may still be closing
    }
  }
  /// How many came and went.
  bool has_seen_callers(int wanted) {
    return soon([&] {
      for (zmq::socket_t& one : events) {
        for (zmq::message_t event, address; one.recv(event, zmq::recv_flags::dontwait);) {
          static_cast<void>(one.recv(address));
          ++seen;
        }
      }
      return seen >= wanted;
    });
  }
  bool got_anything() {
    zmq::message_t message;
    return data.recv(message, zmq::recv_flags::dontwait) || ack.recv(message, zmq::recv_flags::dontwait);
  }
  zmq::context_t context;
  zmq::socket_t data{context, zmq::socket_type::pull}, ack{context, zmq::socket_type::pull};
  std::vector<zmq::socket_t> events;
  int seen = 0;
};

TEST_CASE("Whoever takes the port of a dead worker is told nothing, and the worker is found there again") {
  Traffic traffic;
  Net net(traffic, true, ", topology.message.timeout.secs: 2");
  net.start(0);
  net.start(1);
  net.lead_each_other();
  REQUIRE(traffic.more(2000));
  const link::Endpoints port = net[1].listens_at().front();
  net.kill(1);
  {
    Squatter squatter(port);
    REQUIRE(squatter.has_seen_callers(4));  // they spoke, and went when he could not say who he is
    CHECK_FALSE(squatter.got_anything());
  }
  net.start(1, {port});
  net.lead(1, net[0].listens_at().front());  // worker 0 is told nothing: it finds the port again by itself
  REQUIRE(traffic.more(2000));
  REQUIRE(net.finish());
  traffic.check_whole();
}

TEST_CASE("A worker of another topology at a dead one's port, with the same keys, takes nothing") {
  Traffic traffic;
  Net net(traffic, true, ", topology.message.timeout.secs: 2");
  net.start(0);
  net.start(1);
  net.lead_each_other();
  REQUIRE(traffic.more(2000));
  const link::Endpoints port = net[1].listens_at().front();
  net.kill(1);
  Traffic others;
  {
    Net other(others, false);
    fs::copy(net.dir / "0", other.dir / "keys", fs::copy_options::recursive);
    host::PluginSearch plugins(test::plugin_dirs());
    const plan::Plan plan = test::plan_of(others.topology(), plugins);
    const SteadyClock clock;
    Options options;
    options.self = WorkerId(1);
    options.token = 815;
    options.own = {port};
    options.security = *keys::read_security(other.dir / "keys", keys::Role::kWorker, keys::Role::kWorker);
    Worker worker(plan, options, clock);
    const Result<void> started = worker.start(plugins);
    REQUIRE_MESSAGE(started, started.error());
    CHECK(soon([&] { return worker.report().links.stale_refused > 0; }));
    CHECK(worker.report().tasks.front().executed == 0);
  }
  net.start(1, {port});
  net.lead(1, net[0].listens_at().front());
  REQUIRE(traffic.more(2000));
  REQUIRE(net.finish());
  traffic.check_whole();
}

TEST_CASE("A worker whose key is taken away is heard no more, and nothing is lost when it is let in again") {
  Traffic traffic;
  Net net(traffic, true);
  net.start(0);
  net.start(1);
  net.lead_each_other();
  REQUIRE(traffic.more(2000));
  const fs::path listed = keys::authorized_path(net.dir / "0") / "worker.pub";
  fs::rename(listed, net.dir / "kept");
  // What had arrived before is worked off; then nothing more comes.
  std::uint64_t before = 0;
  REQUIRE(
      soon([&] { return std::exchange(before, traffic.acked.load()) == before && traffic.emitted == before + 1000; }));
  CHECK_FALSE(soon([&] { return traffic.acked != before; }, milliseconds(300)));
  fs::rename(net.dir / "kept", listed);
  REQUIRE(traffic.more(2000));
  REQUIRE(net.finish());
  traffic.check_whole();
  traffic.check_exact();
  CHECK(net.replayed() == 0);
}

TEST_CASE("A worker at an address that others can reach does not start without keys") {
  Traffic traffic;
  host::PluginSearch plugins(test::plugin_dirs());
  const plan::Plan plan = test::plan_of(traffic.topology(), plugins);
  const SteadyClock clock;
  Options options;
  options.own = {{"tcp://0.0.0.0:*", "tcp://0.0.0.0:*"}};
  Worker worker(plan, options, clock);
  const Result<void> started = worker.start(plugins);
  REQUIRE_FALSE(started);
  CHECK(started.error().find("'gale keygen'") != std::string::npos);
}

}  // namespace
}  // namespace gale::worker
