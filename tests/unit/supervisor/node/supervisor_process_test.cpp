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

#include <algorithm>
#include <csignal>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <map>
#include <string>
#include <thread>
#include <utility>

namespace gale::node {
namespace {

using process::Exit;
using process::Process;

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
  /// `inject`: a fault of the disk, as strace names it: "fsync:error=ENOSPC:when=3"; behind an @ of which file alone.
  void start(const std::string& address, std::vector<std::string> more = {}, const std::string& inject = {}) {
    std::vector<std::string> words;
    const std::size_t at = inject.find('@');
    if (!inject.empty()) words = {"/usr/bin/strace", "-D", "-o", "/dev/null", "-e", "inject=" + inject.substr(0, at)};
    if (at != std::string::npos)
      words.insert(words.end(), {"-P", (fs::canonical(state_) / inject.substr(at + 1)).string()});
    words.insert(words.end(), {built("bin/gale"), "supervisor", "--state", state_.string(), "--master", address,
                               "--name", "test", "--quiet"});
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
    for (int i = 0; !supervisor_->ended(exit); ++i) {  // one that strace holds is seen by it before it is ours
      REQUIRE(i < 2000);
      ::poll(nullptr, 0, 10);
    }
    supervisor_.reset();
    return exit;
  }
  /// It has ended by itself.
  bool over() {
    process::Exit exit;
    if (!supervisor_ || !supervisor_->ended(exit)) return false;
    CHECK(exit.code == 1);
    supervisor_.reset();
    return true;
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
  std::vector<std::string> more;  // options of the supervisor

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
  void phase(control::Phase phase) {
    std::vector<control::WantedTopology> all = master.wanted().topologies;
    all[0].phase = phase;
    master.want(std::move(all));
  }
  void start() {
    host.start(master.address(), more);
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

TEST_CASE("A worker that is stopped and reports no more is killed, and runs again") {
  Deployed d;
  d.more = {"--worker-timeout", "2s"};
  d.deploy(file_of());
  const auto before = d.host.pids();
  REQUIRE(::kill(static_cast<pid_t>(before.at(6701)), SIGSTOP) == 0);
  REQUIRE(d.master.pump(
      [&] { return d.runs(6701) && d.master.slot(6701)->incarnation == control::incarnation_of(1, 2); }, seconds(8)));
  CHECK(d.master.told("killed: no report for 2 s"));
  CHECK(d.host.pids().at(6700) == before.at(6700));
}

TEST_CASE("Deactivated, a topology gets acks and emits nothing new; activated, it goes on, by the same processes") {
  Deployed d;
  d.deploy(file_of());
  const auto before = d.host.pids();
  const auto emitted = [&] { return d.master.slot(6700)->report->tasks[0].roots; };
  d.phase(control::Phase::kInactive);
  std::uint64_t last = 0, since = 0;
  REQUIRE(d.master.pump([&] {
    if (std::exchange(last, emitted()) != emitted()) since = d.master.beats;
    return d.master.slot(6700)->report->tasks[0].pending == 0 && d.master.beats >= since + 4;
  }));
  REQUIRE(::kill(static_cast<pid_t>(before.at(6700)), SIGKILL) == 0);  // started anew, it is as it was
  REQUIRE(
      d.master.pump([&] { return d.runs(6700) && d.master.slot(6700)->incarnation == control::incarnation_of(1, 2); }));
  const std::uint64_t beats = d.master.beats;
  REQUIRE(d.master.pump([&] { return d.master.beats >= beats + 3; }));
  CHECK(emitted() == 0);
  d.phase(control::Phase::kActive);
  REQUIRE(d.master.pump([&] { return d.acked() > 100; }));
  CHECK(d.host.pids().at(6701) == before.at(6701));
}

TEST_CASE("Drained, a topology finishes; ended, its slots are free for the next one") {
  Deployed d;
  d.deploy(file_of());
  d.phase(control::Phase::kDraining);
  REQUIRE(
      d.master.pump([&] { return d.master.slot(6700)->report->finished && d.master.slot(6701)->report->finished; }));
  CHECK(d.master.slot(6700)->report->tasks[0].acked == d.master.slot(6700)->report->tasks[0].roots);
  d.master.want({d.topology(file_of(), "u-1")});
  REQUIRE(d.master.pump([&] { return d.both_run() && d.master.slot(6700)->topology == "u-1" && d.acked() > 0; }));
  CHECK(d.host.pids().size() == 2);
  CHECK(d.master.slot(6700)->incarnation == control::incarnation_of(1, 1));
}

TEST_CASE("A plugin that misses a library is told with the library's name, and nothing of it runs") {
  Deployed d;
  d.start();
  std::string file = file_of();
  for (std::size_t at = 0; (at = file.find("probe", at)) != std::string::npos; at += 11)
    file.replace(at, 5, "bad_library");
  control::WantedTopology t = d.topology(file);
  t.revision.plugins = {d.master.add_plugin("bad_library", built("tests/plugins/bad_library.so"))};
  d.master.want({t});
  REQUIRE(d.master.pump([&] { return d.master.told("libelsewhere.so: cannot open shared object file"); }));
  REQUIRE(d.master.pump([&] {
    const control::SlotReport* s = d.master.slot(6700);
    return s != nullptr && s->why.find("libelsewhere.so") != std::string::npos;
  }));
}

TEST_CASE("A worker that cannot start is a crash loop in the end, with its last words and the end of its log") {
  Deployed d;
  d.start();
  d.master.want({d.topology(file_of("count: 1", "throw_in: open"))});
  REQUIRE(d.master.pump([&] {
    const control::SlotReport* s = d.master.slot(6701);
    return s != nullptr && s->state == SlotState::kCrashLooping && !s->alive;
  }));
  CHECK(d.master.slot(6701)->why.starts_with("cannot start: bolt#0: open: asked to throw in open (exit status 2)"));
  CHECK(d.master.slot(6700)->state == SlotState::kRunning);
}

TEST_CASE("A tuple that crashes its worker is named, with the stack, and is poison after three crashes") {
  Deployed d;
  d.start();
  d.master.want({d.topology(file_of("count: 100000000, rate: 200", "how: segv, at: 20"))});
  REQUIRE(d.master.pump([&] { return !d.master.events().empty(); }));
  CAPTURE(d.master.events()[0].text);
  CHECK(d.master.told("SIGSEGV in bolt bolt#0, executing tuple (20"));
  const auto stack = [&] {
    const auto& events = d.master.events();
    return std::any_of(events.begin(), events.end(),
                       [](const control::Event& e) { return e.text.find("probe.so") != std::string::npos; });
  };
  CHECK(stack());
  REQUIRE(d.master.pump([&] { return d.master.told("it is poison, and fails without being run again"); }));
  const Incarnation life = d.master.slot(6701)->incarnation;
  REQUIRE(d.master.pump([&] { return d.runs(6701) && d.acked() > 200; }));
  CHECK(d.master.slot(6701)->incarnation.value <= life.value + 1);
  CHECK(control::count_of(d.master.slot(6701)->incarnation) == 4);
}

TEST_CASE("USR1 ends a supervisor and its workers; --kill-workers makes TERM do so") {
  for (const int number : {SIGUSR1, SIGTERM}) {
    CAPTURE(number);
    Deployed d;
    if (number == SIGTERM) d.more = {"--kill-workers"};
    d.deploy(file_of());
    const process::Exit exit = d.host.end(number);
    CHECK_FALSE(exit.by_signal);
    CHECK(exit.code == 0);
    CHECK(d.host.pids().empty());
  }
}

TEST_CASE("A supervisor that is killed at any moment of a launch leaves one process a slot, and no life comes twice") {
  Deployed d;
  d.start();
  std::map<std::uint16_t, Incarnation> last;
  const int rounds = std::getenv("GALE_ROUNDS") == nullptr ? 12 : std::atoi(std::getenv("GALE_ROUNDS"));
  for (int round = 1; round <= rounds; ++round) {
    CAPTURE(round);
    control::WantedTopology t = d.topology(file_of());
    for (control::Placed& p : t.places) p.dead = last[p.slot.port];  // what ran is to be replaced
    d.master.want({t});
    d.master.pump_for(milliseconds(round * 7 % 60));
    d.host.end(SIGKILL);
    const std::string boot = d.master.beat()->boot;
    d.host.start(d.master.address());
    const auto replaced = [&](std::uint16_t port) {
      return d.runs(port) && d.master.slot(port)->incarnation > last[port];
    };
    REQUIRE(d.master.pump([&] { return d.master.beat()->boot != boot && replaced(6700) && replaced(6701); }));
    CHECK(d.host.pids().size() == 2);
    for (const std::uint16_t port : {6700, 6701}) last[port] = d.master.slot(port)->incarnation;
  }
}

TEST_CASE("A second supervisor with the same folder is refused; wrong words are, too") {
  Deployed d;
  d.start();
  const auto status = [&](std::vector<std::string> words) {
    words.insert(words.begin(), {built("bin/gale"), "supervisor"});
    Result<process::Process> process = process::Process::start(words);
    REQUIRE(process);
    pollfd p{process->fd(), POLLIN, 0};
    REQUIRE(::poll(&p, 1, 20000) == 1);
    process::Exit exit;
    REQUIRE(process->ended(exit));
    return exit.code;
  };
  CHECK(status({"--state", d.host.state().string()}) == 1);
  CHECK(status({"--state", d.host.state().string(), "--ports", "80"}) == 2);
  CHECK(status({"--state", d.host.state().string(), "--ports", "6700", "--slots", "2"}) == 2);
}

TEST_CASE("A disk that fails at any one step of a deployment delays it at most") {
  if (!fs::exists("/usr/bin/strace")) {
    MESSAGE("strace is not installed: not tested");
    REQUIRE(std::getenv("CI") == nullptr);
    return;
  }
  const int step = std::getenv("GALE_ROUNDS") == nullptr ? 6 : 1;
  std::vector<std::string> faults = {"pwrite64:error=ENOSPC:when=1"};
  for (const char* call : {"fsync:error=ENOSPC", "fsync:error=EIO", "rename:error=ENOSPC"}) {
    for (int n = 1; n <= 31; n += step) faults.push_back(std::string(call) + ":when=" + std::to_string(n));
  }
  for (const char* file : {"host-id.new", "slots/6700/record.new", "slots/6701/launch.new"})
    faults.push_back(std::string("write:error=ENOSPC:when=1@") + file);
  int at_start = 0, later = 0;
  for (const std::string& inject : faults) {
    CAPTURE(inject);
    Deployed d;
    d.host.start(d.master.address(), {}, inject);
    bool over = false;
    REQUIRE(d.master.pump([&] { return (over = d.host.over()) || (d.master.beat() && d.master.beat()->complete); }));
    if (over) {  // its folder could not be made: it says so and ends, and another start is all that it takes
      ++at_start;
      d.start();
    } else {
      ++later;
    }
    d.master.want({d.topology(file_of())});
    REQUIRE(d.master.pump([&] { return d.both_run() && d.acked() > 0; }));
    REQUIRE(d.master.pump([&] { return d.master.beat()->trouble.empty(); }));
    const auto before = d.host.pids();
    CHECK(before.size() == 2);
    d.host.end(SIGKILL);
    d.master.forget();
    d.start();
    REQUIRE(d.master.pump([&] { return d.both_run(); }));
    CHECK(d.host.pids() == before);
  }
  CHECK(at_start > 0);
  CHECK(later > at_start);
}

}  // namespace
}  // namespace gale::node
