// SPDX-License-Identifier: Apache-2.0
//
// Workers of one topology side by side in this process, over real sockets: what crosses between them, and what happens
// when one of them dies and is started anew. Scripts stand in for user code, and see who runs them.
#include "engine/worker/worker.hpp"
#include "engine/base/log.hpp"
#include "tests/contract/engine_run.hpp"

#include <doctest/doctest.h>

#include <array>
#include <cstdlib>
#include <filesystem>
#include <memory>
#include <mutex>
#include <numeric>
#include <optional>

namespace gale::worker {
namespace {

using std::chrono::milliseconds;
using test::at;
using test::BoltScript;
using test::Signal;
using test::SpoutScript;
using test::Told;

class Cluster {
 public:
  explicit Cluster(const std::string& yaml) : plugins_(test::plugin_dirs()) {
    log::start(log::Level::kOff, "");
    plan_ = test::plan_of(yaml, plugins_);
    std::string pattern = (std::filesystem::temp_directory_path() / "gale-test-XXXXXX").string();
    REQUIRE(::mkdtemp(pattern.data()) != nullptr);
    dir_ = pattern;
    workers_.resize(plan_.workers);
    incarnations_.resize(plan_.workers);
  }
  ~Cluster() {
    workers_.clear();
    std::filesystem::remove_all(dir_);
  }
  /// Starts worker `w` (from 0) as its next incarnation.
  void start(std::size_t w) {
    Options options;
    options.self = WorkerId(static_cast<std::uint16_t>(w));
    options.incarnation = Incarnation(++incarnations_[w]);
    options.threads = 1;
    for (std::uint16_t place = 0; place < plan_.workers; ++place)
      options.places.push_back(link::endpoints_in(dir_, place));
    options.own = {options.places[w]};
    options.token = 4711;
    workers_[w] = std::make_unique<Worker>(plan_, options, clock_);
    const Result<void> started = workers_[w]->start(plugins_);
    REQUIRE_MESSAGE(started, started.error());
  }
  void start_all() {
    for (std::size_t w = 0; w < workers_.size(); ++w) start(w);
  }
  /// As far as the others can see: dead. What it held is gone.
  void kill(std::size_t w) { workers_[w].reset(); }
  Worker& operator[](std::size_t w) { return *workers_[w]; }

  /// Every task has said all, and the links are settled.
  bool finish(Duration most = std::chrono::seconds(40)) {
    return eventually(
        [&] {
          for (const auto& w : workers_) {
            if (!w || !w->report().finished) return false;
          }
          return true;
        },
        most);
  }
  bool eventually(const std::function<bool()>& true_now, Duration most = std::chrono::seconds(40)) {
    const TimePoint deadline = clock_.now() + most;
    std::uint64_t news = 0;
    while (!true_now()) {
      if (clock_.now() >= deadline) return false;
      news = workers_[0]->wait_news(news, milliseconds(2));
    }
    return true;
  }
  std::uint64_t sum(const std::string& component, std::uint64_t TaskReport::*member) {
    std::uint64_t all = 0;
    for (const auto& w : workers_) {
      for (const TaskReport& t : w->report().tasks) {
        if (plan_.component_of(t.task).id == component) all += t.*member;
      }
    }
    return all;
  }

 private:
  host::PluginSearch plugins_;
  SteadyClock clock_;
  plan::Plan plan_;
  std::string dir_;
  std::vector<std::unique_ptr<Worker>> workers_;
  std::vector<std::uint32_t> incarnations_;
};

/// spout on worker 1, bolt on 2, sink on 1: what goes there comes back.
std::string there_and_back(const SpoutScript& spout, const BoltScript& bolt, const BoltScript& sink,
                           const std::string& config = "") {
  return "name: crossing\nplugins: [scripted]\nconfig: {topology.workers: 2" + (config.empty() ? "" : ", " + config) +
         "}\nspouts:\n  - {id: spout, className: scripted.Source, config: {topology.component.worker: 1}, properties: "
         "{" +
         at(spout) +
         "}}\nbolts:\n  - {id: bolt, className: scripted.Ticker, config: {topology.component.worker: 2}, properties: "
         "{" +
         at(bolt) +
         "}}\n  - {id: sink, className: scripted.Step, config: {topology.component.worker: 1}, properties: {" +
         at(sink) +
         "}}\nstreams:\n  - {from: spout, to: bolt, grouping: {type: SHUFFLE}}\n"
         "  - {from: bolt, to: sink, grouping: {type: SHUFFLE}}\n";
}

std::string many_tasks(const SpoutScript& spout, const BoltScript& stage, const BoltScript& sink) {
  return "name: many\nplugins: [scripted]\nconfig: {topology.workers: 3}\nspouts:\n"
         "  - {id: spout, className: scripted.Source, properties: {" +
         at(spout) + "}}\nbolts:\n  - {id: stage, className: scripted.Step, parallelism: 5, properties: {" + at(stage) +
         "}}\n  - {id: sink, className: scripted.Step, parallelism: 4, properties: {" + at(sink) +
         "}}\nstreams:\n  - {from: spout, to: stage, grouping: {type: SHUFFLE}}\n"
         "  - {from: stage, to: sink, grouping: {type: FIELDS, args: [n]}}\n";
}

TEST_CASE("Over two workers every tuple goes there and back once, every root is acked once, and the run ends") {
  Told told;
  constexpr std::uint64_t kCount = 20000;
  SpoutScript spout = test::numbers(kCount);
  told.listen(spout);
  std::vector<int> seen(kCount);
  BoltScript bolt, sink;
  sink.execute = [&](const Tuple& t, Collector& out) {
    ++seen[t.get<std::size_t>(0)];
    out.ack(t);
  };
  std::string finished;
  bolt.finish = [&](Collector& out) {
    out.emit(0, "last words");
    return true;
  };
  sink.finish = [&](Collector&) {
    finished = "after " + std::to_string(std::accumulate(seen.begin(), seen.end(), 0));
    return true;
  };
  Cluster cluster(there_and_back(spout, bolt, sink));
  cluster.start_all();
  REQUIRE(cluster.finish());
  CHECK(told.fails.empty());
  CHECK(told.acks.size() == kCount);
  --seen[0];
  CHECK(std::all_of(seen.begin(), seen.end(), [](int n) { return n == 1; }));
  CHECK(finished == "after 20001");
  CHECK(cluster[0].report().links.records_sent == kCount);
  CHECK(cluster[1].report().links.records_sent == kCount + 1);
  CHECK(cluster[0].report().links.garbage_refused == 0);
}

TEST_CASE("Over three workers each key has one home, and a failure anywhere reaches its spout with the reason") {
  Told told;
  constexpr std::uint64_t kCount = 9000;
  SpoutScript spout = test::numbers(kCount, Replay::spout);
  told.listen(spout);
  BoltScript stage, sink;
  stage.execute = [](const Tuple& t, Collector& out) {
    const auto n = t.get<std::int64_t>(0);
    if (n % 1000 == 7) return out.fail(t, "asked to fail");
    out.emit(n % 50, std::to_string(n));
    out.ack(t);
  };
  std::atomic<std::uint64_t> arrived{0};
  sink.execute = [&](const Tuple& t, Collector& out) {
    ++arrived;
    out.ack(t);
  };
  std::string yaml = many_tasks(spout, stage, sink);
  yaml.insert(yaml.find("workers: 3") + 10, ", topology.max.attempts: 1");
  Cluster cluster(yaml);
  cluster.start_all();
  REQUIRE(cluster.finish());
  CHECK(arrived == kCount - 9);
  CHECK(told.acks.size() == kCount - 9);
  CHECK(told.fails.size() == 9);
  for (const auto& [id, fails] : told.fails) {
    CHECK(id % 1000 == 7);
    CHECK(fails.at(0).reason.find(": asked to fail") != std::string::npos);
  }
}

TEST_CASE("Pressure crosses the link: a spout does not run ahead of a slow bolt of another worker without bound") {
  std::atomic<std::uint64_t> emitted{0}, executed{0};
  SpoutScript spout;
  spout.next = [&](SpoutCollector& out, Context&) {
    if (emitted == 20000) return Next::finished();
    out.emit(1, std::string(1000, 'p'));  // untracked: only credit holds it
    ++emitted;
    return Next::emitted();
  };
  BoltScript bolt, sink;
  Signal gate;
  bool open = false;
  bolt.execute = [&](const Tuple& t, Collector& out) {
    gate.wait([&] { return open; });
    ++executed;
    out.ack(t);
  };
  Cluster cluster(there_and_back(spout, bolt, sink, "topology.task.inbox.bytes: 65536"));
  cluster.start_all();
  std::uint64_t last = 0;
  REQUIRE(cluster.eventually([&] { return emitted > 60; }));
  CHECK_FALSE(cluster.eventually([&] { return emitted == 20000; }, milliseconds(300)));
  last = emitted;
  CHECK(last * 1000 < (64 << 10) + 6 * (128 << 10));
  gate.change([&] { open = true; });
  REQUIRE(cluster.finish());
  CHECK(executed == 20000);
}

TEST_CASE("A bolt's worker dies and comes back: what it held is replayed, and each root is acked exactly once") {
  Told told;
  constexpr std::uint64_t kCount = 300;
  SpoutScript spout = test::numbers(kCount);
  told.listen(spout);
  BoltScript bolt, sink;
  std::mutex lock;
  std::vector<KeptTuple> kept;
  std::atomic<int> life{1};
  std::atomic<std::uint64_t> executed{0};
  bolt.execute = [&](const Tuple& t, Collector& out) {
    ++executed;
    if (life == 1 && t.get<int>(0) % 3 == 0) {
      const std::lock_guard guard(lock);
      return kept.push_back(t.keep());
    }
    out.forward(t);
    out.ack(t);
  };
  std::map<std::int64_t, int> arrived;
  sink.execute = [&](const Tuple& t, Collector& out) {
    ++arrived[t.get<std::int64_t>(0)];
    out.ack(t);
  };
  Cluster cluster(there_and_back(spout, bolt, sink, "topology.message.timeout.secs: 1"));
  cluster.start_all();
  REQUIRE(cluster.eventually([&] { return executed >= kCount; }));
  cluster.kill(1);
  kept.clear();  // their task is gone: this settles nothing
  life = 2;
  cluster.start(1);
  REQUIRE(cluster.finish());
  CHECK(told.fails.empty());
  CHECK(told.acks.size() == kCount);
  for (const auto& [id, times] : told.acks) CHECK(times == 1);
  CHECK(arrived.size() == kCount);
  CHECK(cluster.sum("spout", &TaskReport::replayed) >= kCount / 3);
}

TEST_CASE("A spout's worker dies and comes back: its roots are new ones, old acks count as stale, and the run ends") {
  Told told;
  constexpr std::uint64_t kCount = 300;
  std::atomic<int> life{1};
  SpoutScript spout;
  spout.next = [&, n = MessageId{0}, mine = 0](SpoutCollector& out, Context&) mutable {
    if (mine != life) {
      mine = life;
      n = 0;
    }
    if (n == kCount) return mine == 1 ? Next::idle_until_woken() : Next::finished();
    out.emit({.id = n}, n, mine == 1 ? "first" : "second");
    ++n;
    return Next::emitted();
  };
  told.listen(spout);
  BoltScript bolt, sink;
  std::mutex lock;
  std::vector<KeptTuple> kept;
  bolt.execute = [&](const Tuple& t, Collector& out) {
    if (t.get<std::string_view>(1) == "first") {
      const std::lock_guard guard(lock);
      return kept.push_back(t.keep());
    }
    out.forward(t);
    out.ack(t);
  };
  Cluster cluster(there_and_back(spout, bolt, sink));
  cluster.start_all();
  REQUIRE(cluster.eventually([&] {
    const std::lock_guard guard(lock);
    return kept.size() == kCount;
  }));
  cluster.kill(0);
  CHECK(told.acks.empty());
  life = 2;
  cluster.start(0);
  {
    const std::lock_guard guard(lock);
    for (KeptTuple& k : kept) std::move(k).ack();  // of roots whose spout is gone
  }
  REQUIRE(cluster.finish());
  CHECK(told.fails.empty());
  CHECK(told.acks.size() == kCount);
  for (const auto& [id, times] : told.acks) CHECK(times == 1);
}

TEST_CASE("END is state: a worker that comes back after its sources have ended is told again, and finishes") {
  SpoutScript spout = test::numbers(10);
  BoltScript bolt, sink;
  Signal state;
  int finishes = 0;
  bool hold = true;
  bolt.finish = [&](Collector&) {
    bool done = false;
    state.change([&] {
      ++finishes;
      done = !hold;
    });
    return done;
  };
  Cluster cluster(there_and_back(spout, bolt, sink));
  cluster.start_all();
  REQUIRE(state.wait([&] { return finishes > 0; }));
  cluster.kill(1);
  state.change([&] { hold = false; });
  cluster.start(1);
  REQUIRE(cluster.finish());
}

TEST_CASE("Workers may start in any order, long after each other") {
  Told told;
  SpoutScript spout = test::numbers(100);
  told.listen(spout);
  BoltScript bolt, sink;
  Cluster cluster(there_and_back(spout, bolt, sink));
  cluster.start(0);
  CHECK_FALSE(
      cluster.eventually([&] { return told.signal.read([&] { return !told.acks.empty(); }); }, milliseconds(50)));
  cluster.start(1);
  REQUIRE(cluster.finish());
  CHECK(told.acks.size() == 100);
}

TEST_CASE("A worker whose sockets cannot be made does not start, and says where") {
  SpoutScript spout = test::numbers(1);
  BoltScript bolt, sink;
  host::PluginSearch plugins(test::plugin_dirs());
  const plan::Plan plan = test::plan_of(there_and_back(spout, bolt, sink), plugins);
  const SteadyClock clock;
  Options options;
  options.own = {link::endpoints_in("/nowhere/at/all", 0)};
  Worker worker(plan, options, clock);
  const Result<void> started = worker.start(plugins);
  REQUIRE_FALSE(started);
  CHECK(started.error().find("/nowhere/at/all") != std::string::npos);
}

TEST_CASE("wait_news returns at once when something was missed, and counts on") {
  SpoutScript spout = test::numbers(1);
  BoltScript bolt;
  bolt.execute = [](const Tuple&, Collector&) {};
  test::EngineRun run(test::pair_of(spout, bolt, "topology.max.attempts: 1"));
  run.start();
  REQUIRE(run.finish());
  const std::uint64_t seen = run.worker().wait_news(0, std::chrono::seconds(20));
  CHECK(seen > 0);
  CHECK(run.worker().wait_news(seen, milliseconds(1)) == seen);
  run.stop();
  run.stop();  // idempotent
}

}  // namespace
}  // namespace gale::worker
