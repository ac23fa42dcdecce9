// SPDX-License-Identifier: Apache-2.0
//
// `gale supervisor` itself, with real workers and a master that is the test's: deployments, deaths of workers and of
// the supervisor, orphans, plugins that are not as they should be.
#include "supervisor/node/worker_process.hpp"
#include "supervisor/process/process.hpp"
#include "tests/unit/supervisor/node/fake_master.hpp"

#include <doctest/doctest.h>
#include <poll.h>
#include <unistd.h>

#include <csignal>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <map>
#include <string>
#include <thread>

namespace gale::node {
namespace {

namespace fs = std::filesystem;
using control::SlotState;
using std::chrono::milliseconds;
using std::chrono::seconds;

std::string built(const std::string& below) { return std::string(std::getenv("GALE_BUILD")) + "/" + below; }

/// Numbers without end on worker 1, a bolt on 2, told to a file on 1.
std::string file_of(const std::string& spout = "count: 100000000, rate: 2000", const std::string& bolt = "",
                    const std::string& out = "/dev/null") {
  return "name: t\nplugins: [probe]\nconfig: {topology.workers: 2, topology.message.timeout.secs: 2}\nspouts:\n"
         "  - {id: numbers, className: probe.Numbers, config: {topology.component.worker: 1}, properties: {" +
         spout +
         "}}\nbolts:\n  - {id: bolt, className: probe.Misbehave, config: {topology.component.worker: 2}, properties: "
         "{" +
         bolt +
         "}}\n  - {id: sink, className: probe.Sink, config: {topology.component.worker: 1}, properties: {path: '" +
         out +
         "'}}\nstreams:\n  - {from: numbers, to: bolt, grouping: {type: SHUFFLE}}\n"
         "  - {from: bolt, to: sink, grouping: {type: SHUFFLE}}\n";
}

class Host {
 public:
  Host() {
    std::string pattern = (fs::temp_directory_path() / "gale-test-XXXXXX").string();
    REQUIRE(::mkdtemp(pattern.data()) != nullptr);
    state_ = pattern;
  }
  ~Host() {
    supervisor_.reset();
    for (const FoundWorker& w : workers()) ::kill(static_cast<pid_t>(w.process.pid), SIGKILL);
    fs::remove_all(state_);
  }
  void start(const std::string& address, std::vector<std::string> more = {}) {
    std::vector<std::string> words = {built("bin/gale"), "supervisor", "--state", state_.string(), "--master",
                                      address,           "--name",     "test",    "--quiet"};
    words.insert(words.end(), more.begin(), more.end());
    Result<process::Process> process = process::Process::start(words);
    REQUIRE_MESSAGE(process, process.error());
    supervisor_.emplace(std::move(*process));
  }
  /// Ends the supervisor with a signal, and waits for it.
  process::Exit end(int number) {
    supervisor_->signal(number);
    pollfd p{supervisor_->fd(), POLLIN, 0};
    process::Exit exit;
    REQUIRE(::poll(&p, 1, 20000) == 1);
    REQUIRE(supervisor_->ended(exit));
    supervisor_.reset();
    return exit;
  }
  std::vector<FoundWorker> workers() const { return find_workers(fs::canonical(state_)); }
  /// Pids by port.
  std::map<std::uint16_t, std::int64_t> pids() const {
    std::map<std::uint16_t, std::int64_t> all;
    for (const FoundWorker& w : workers()) {
      CHECK(all.count(w.port) == 0);  // never two for one slot
      all[w.port] = w.process.pid;
    }
    return all;
  }
  const fs::path& state() const { return state_; }

 private:
  fs::path state_;
  std::optional<process::Process> supervisor_;
};

/// A host, a master, and a topology of two workers on it.
struct Deployed {
  FakeMaster master;
  Host host;

  control::WantedTopology topology(const std::string& file, const std::string& id = "t-1", std::uint16_t port = 6700) {
    control::WantedTopology t;
    t.revision.topology = id;
    t.revision.token = 7;
    t.revision.file = file;
    t.revision.plugins = {master.add_plugin("probe", built("tests/plugins/probe.so"))};
    t.revision.workers = 2;
    for (std::uint16_t place = 0; place < 2; ++place) {
      control::Placed p;
      p.place = WorkerId(place);
      p.slot = {master.beat()->host, static_cast<std::uint16_t>(port + place)};
      p.address = "127.0.0.1";
      t.places.push_back(p);
    }
    return t;
  }
  void start() {
    host.start(master.address());
    REQUIRE(master.pump([&] { return master.beat() && master.beat()->complete; }));
  }
  bool runs(std::uint16_t port) const {
    const control::SlotReport* s = master.slot(port);
    return s != nullptr && s->alive && s->report.has_value();
  }
  bool both_run(std::uint16_t port = 6700) const { return runs(port) && runs(static_cast<std::uint16_t>(port + 1)); }
  std::uint64_t acked(std::uint16_t port = 6700) const {
    const control::SlotReport* s = master.slot(port);
    return s == nullptr || !s->report || s->report->tasks.empty() ? 0 : s->report->tasks[0].acked;
  }
  void deploy(const std::string& file) {
    start();
    master.want({topology(file)});
    REQUIRE(master.pump([&] { return both_run() && acked() > 0; }));
  }
};

TEST_CASE("A topology is fetched, started in its slots, and its tuples flow between the workers") {
  Deployed d;
  d.master.chunk = 100'000;  // many of them
  d.deploy(file_of());
  const std::string id = d.master.beat()->host;
  CHECK(id.size() == 32);
  CHECK(d.master.beat()->ports == std::vector<std::uint16_t>{6700, 6701, 6702, 6703});
  const control::SlotReport s = *d.master.slot(6701);
  CHECK(s.topology == "t-1");
  CHECK(s.place == WorkerId(1));
  CHECK(s.incarnation == control::incarnation_of(1, 1));
  CHECK(s.state == SlotState::kRunning);
  CHECK(s.pid == static_cast<std::uint64_t>(d.host.pids()[6701]));
  CHECK(s.rss_bytes > 0);
  const fs::path plugin = d.host.state() / "topologies/t-1/1/plugins/probe.so";
  CHECK(fs::canonical(plugin).parent_path().filename() == "plugins");
  CHECK((fs::status(plugin).permissions() & fs::perms::owner_write) == fs::perms::none);
  d.master.want({});
  REQUIRE(d.master.pump([&] { return d.host.pids().empty() && d.master.beat()->slots.empty(); }));
  REQUIRE(d.master.pump([&] { return !fs::exists(d.host.state() / "topologies/t-1"); }));
  CHECK(d.host.end(SIGTERM).code == 0);
}

TEST_CASE("A worker that is killed runs again within three seconds as its next life, and no other one is touched") {
  Deployed d;
  d.deploy(file_of());
  const auto before = d.host.pids();
  REQUIRE(::kill(static_cast<pid_t>(before.at(6701)), SIGKILL) == 0);
  const auto again = [&] { return d.runs(6701) && d.master.slot(6701)->incarnation == control::incarnation_of(1, 2); };
  REQUIRE(d.master.pump(again, seconds(3)));
  CHECK(d.host.pids().at(6700) == before.at(6700));
  CHECK(d.host.pids().at(6701) != before.at(6701));
  CHECK(d.master.slot(6701)->restarts == 1);
  CHECK(d.master.told("died: signal 9 (SIGKILL)"));
  const std::uint64_t acked = d.acked();
  CHECK(d.master.pump([&] { return d.acked() > acked + 100; }));
}

TEST_CASE("Workers outlive their supervisor, the next one adopts them, and sees when one of them dies") {
  Deployed d;
  d.deploy(file_of());
  const auto before = d.host.pids();
  for (const int signal : {SIGKILL, SIGTERM}) {
    CAPTURE(signal);
    d.host.end(signal);
    CHECK(d.host.pids() == before);
    const std::string boot = d.master.beat()->boot;
    d.host.start(d.master.address());
    REQUIRE(d.master.pump([&] { return d.master.beat()->boot != boot && d.both_run(); }));
    CHECK(d.host.pids() == before);
    CHECK(d.master.slot(6700)->restarts == 0);
    const std::uint64_t acked = d.acked();
    CHECK(d.master.pump([&] { return d.acked() > acked + 100; }));
  }
  REQUIRE(::kill(static_cast<pid_t>(before.at(6700)), SIGKILL) == 0);
  REQUIRE(d.master.pump(
      [&] { return d.runs(6700) && d.master.slot(6700)->incarnation == control::incarnation_of(1, 2); }, seconds(3)));
  CHECK(d.host.pids().at(6701) == before.at(6701));
}

TEST_CASE("A worker that is wanted no more when its supervisor returns is ended, but not before the master says so") {
  Deployed d;
  d.deploy(file_of());
  const auto before = d.host.pids();
  d.host.end(SIGKILL);
  d.host.start("127.0.0.1:1");              // nobody is there
  std::this_thread::sleep_for(seconds(2));  // time is what it must not react to
  CHECK(d.host.pids() == before);
  d.host.end(SIGKILL);
  d.master.want({});
  d.host.start(d.master.address());
  REQUIRE(d.master.pump([&] { return d.host.pids().empty(); }, seconds(10)));
}

TEST_CASE("A silent master touches no worker; deaths are still repaired") {
  Deployed d;
  d.deploy(file_of());
  const auto before = d.host.pids();
  REQUIRE(::kill(static_cast<pid_t>(before.at(6700)), SIGKILL) == 0);  // the master is only heard in pump()
  const auto deadline = std::chrono::steady_clock::now() + seconds(10);
  while (d.host.pids().count(6700) == 0 || d.host.pids().at(6700) == before.at(6700)) {
    REQUIRE(std::chrono::steady_clock::now() < deadline);
    ::poll(nullptr, 0, 20);
  }
  CHECK(d.host.pids().at(6701) == before.at(6701));
}

}  // namespace
}  // namespace gale::node
