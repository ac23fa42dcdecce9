// SPDX-License-Identifier: Apache-2.0
//
// LocalRun with real worker processes of the built gale: deaths, garbage, workers that cannot start or keep dying.
#include "supervisor/node/local_run.hpp"

#include "engine/base/log.hpp"
#include "tests/contract/engine_run.hpp"

#include <doctest/doctest.h>
#include <unistd.h>
#include <zmq.hpp>

#include <csignal>
#include <cstdio>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <functional>
#include <map>
#include <string>

namespace gale::node {
namespace {

namespace fs = std::filesystem;
using std::chrono::milliseconds;
using std::chrono::seconds;

/// Real time, and what a test adds to it.
class LeapingClock final : public Clock {
 public:
  [[nodiscard]] TimePoint now() const noexcept override { return std::chrono::steady_clock::now() + ahead_; }
  void leap(Duration by) { ahead_ += by; }

 private:
  Duration ahead_{};
};

struct Scratch {
  Scratch() {
    std::string pattern = (fs::temp_directory_path() / "gale-test-XXXXXX").string();
    REQUIRE(::mkdtemp(pattern.data()) != nullptr);
    path = pattern;
    ::setenv("TMPDIR", path.c_str(), 1);  // the sockets of the run will be here
  }
  ~Scratch() {
    ::unsetenv("TMPDIR");
    fs::remove_all(path);
  }
  fs::path path;
};

/// Numbers on worker 1, a bolt on 2, a file on 1.
std::string topology(const std::string& spout, const std::string& bolt, const fs::path& numbers) {
  return "name: local\nplugins: [probe]\nconfig: {topology.workers: 2, topology.message.timeout.secs: 1}\nspouts:\n"
         "  - {id: numbers, className: probe.Numbers, config: {topology.component.worker: 1}, properties: {" +
         spout +
         "}}\nbolts:\n  - {id: bolt, className: probe.Misbehave, config: {topology.component.worker: 2}, properties: "
         "{" +
         bolt +
         "}}\n  - {id: sink, className: probe.Sink, config: {topology.component.worker: 1}, properties: {path: '" +
         numbers.string() +
         "'}}\nstreams:\n  - {from: numbers, to: bolt, grouping: {type: SHUFFLE}}\n"
         "  - {from: bolt, to: sink, grouping: {type: SHUFFLE}}\n";
}

class Running {
 public:
  Running(const std::string& spout, const std::string& bolt) : plugins_(test::plugin_dirs()) {
    log::start(log::Level::kOff, "");
    const std::string yaml = topology(spout, bolt, scratch_.path / "numbers");
    const fs::path file = scratch_.path / "topology.yaml";
    std::ofstream(file) << yaml;
    plan_ = test::plan_of(yaml, plugins_);
    LocalRunOptions options;
    options.program = std::string(std::getenv("GALE_BUILD")) + "/bin/gale";
    options.worker_arguments = {file.string(), "--plugins", test::plugin_dirs().front().string(), "--quiet"};
    run_.emplace(plan_, options, clock_);
  }
  LocalRun& operator*() { return *run_; }
  LocalRun* operator->() { return &*run_; }
  LeapingClock& clock() { return clock_; }
  [[nodiscard]] const fs::path& folder() const { return scratch_.path; }
  void end() { run_.reset(); }

  void start() {
    const Result<void> started = run_->start();
    REQUIRE_MESSAGE(started, started.error());
  }
  /// Lets the run go on until `true_now` or its end.
  bool until(const std::function<bool()>& true_now, Duration most = seconds(60)) {
    const TimePoint deadline = clock_.now() + most;
    while (!true_now()) {
      if (run_->wait(milliseconds(20)) || clock_.now() >= deadline) return true_now();
    }
    return true;
  }
  bool over(Duration most = seconds(60)) { return run_->wait(most); }

  /// Empty when it has gone meanwhile, which a stream would throw about.
  static std::string read(const fs::path& file) {
    std::string text(65536, '\0');
    std::FILE* f = std::fopen(file.c_str(), "rb");
    text.resize(f == nullptr ? 0 : std::fread(text.data(), 1, text.size(), f));
    if (f != nullptr) std::fclose(f);
    return text;
  }
  /// Pids of the worker processes, by place from 1.
  static std::map<int, pid_t> workers() {
    std::map<int, pid_t> found;
    for (const auto& entry : fs::directory_iterator("/proc")) {
      const std::string name = entry.path().filename().string();
      if (name.find_first_not_of("0123456789") != std::string::npos) continue;
      const std::string line = read(entry.path() / "cmdline");
      const std::string mine = std::string("--parent") + '\0' + std::to_string(::getpid()) + '\0';
      const std::string flag = std::string("--worker") + '\0';
      const auto at = line.find(flag);
      if (at == std::string::npos || line.find(mine) == std::string::npos) continue;
      found[std::atoi(line.c_str() + at + flag.size())] = static_cast<pid_t>(std::stol(name));
    }
    return found;
  }
  void kill_worker(int place) {
    const auto pids = workers();
    REQUIRE(pids.count(place) == 1);
    REQUIRE(::kill(pids.at(place), SIGKILL) == 0);
  }
  std::map<long, int> numbers() const {
    std::map<long, int> seen;
    std::ifstream file(scratch_.path / "numbers");
    for (long n = 0; file >> n;) ++seen[n];
    return seen;
  }

 private:
  Scratch scratch_;
  host::PluginSearch plugins_;
  LeapingClock clock_;
  plan::Plan plan_;
  std::optional<LocalRun> run_;
};

TEST_CASE("A bolt's worker that is killed is started anew, and every root is acked in the end") {
  Running run("count: 3000, rate: 2000", "");
  run.start();
  REQUIRE(run.until([&] { return run->totals().acked > 500; }));
  run.kill_worker(2);
  REQUIRE(run.until([&] { return run->restarts() == 1; }));
  REQUIRE(run.over());
  CHECK_FALSE(run->failed());
  CHECK_FALSE(run->results_lost());
  run->stop();
  CHECK(run->totals().acked == 3000);
  CHECK(run->totals().failed == 0);
  CHECK(run->totals().pending == 0);
  CHECK(run->restarts() == 1);
  CHECK(run.numbers().size() == 3000);
}

TEST_CASE("A spout's worker that is killed begins its source anew; nothing is missing, and the run ends") {
  Running run("count: 2000, rate: 2000", "");
  run.start();
  REQUIRE(run.until([&] { return run->totals().acked > 300; }));
  run.kill_worker(1);
  REQUIRE(run.over());
  CHECK_FALSE(run->failed());
  run->stop();
  CHECK(run->restarts() == 1);
  CHECK(run->totals().acked >= 2300);  // of both lives
  CHECK(run->totals().pending == 0);
  CHECK(run.numbers().size() == 2000);
}

TEST_CASE("Kills of both workers, again and again: still every number arrives and is acked") {
  Running run("count: 3000, rate: 1500", "");
  run.start();
  for (int i = 0; i < 4; ++i) {
    const std::uint64_t before = run->totals().acked;
    REQUIRE(run.until([&] { return run->totals().acked > before + 100; }));
    run.kill_worker(1 + i % 2);
    REQUIRE(
        run.until([&] { return run->restarts() == static_cast<std::uint64_t>(i + 1) && run.workers().size() == 2; }));
  }
  REQUIRE(run.over());
  run->stop();
  CHECK_FALSE(run->failed());
  CHECK(run.numbers().size() == 3000);
  CHECK(run->totals().failed == 0);
}

TEST_CASE("Garbage on a worker's sockets and on the control socket is a counted drop, and the run goes on") {
  Running run("count: 3000, rate: 2000", "");
  run.start();
  REQUIRE(run.until([&] { return run->totals().acked > 100; }));
  fs::path sockets;
  for (const auto& entry : fs::directory_iterator(run.folder())) {
    if (entry.is_directory()) sockets = entry.path();
  }
  zmq::context_t context{1};
  std::vector<zmq::socket_t> sent;
  for (const std::string name : {"w0.data", "w0.ack", "w1.data", "w1.ack", "control"}) {
    REQUIRE(fs::exists(sockets / name));
    zmq::socket_t& s =
        sent.emplace_back(context, name == "control" ? zmq::socket_type::dealer : zmq::socket_type::push);
    s.set(zmq::sockopt::linger, 1000);
    s.connect("ipc://" + (sockets / name).string());
    for (const std::string& bytes : {std::string("garbage"), std::string(), std::string(100000, '\xff'),
                                     std::string("GALE\x01\x02", 6) + std::string(60, '\0')}) {
      s.send(zmq::buffer(bytes));
    }
  }
  sent.clear();
  REQUIRE(run.over());
  run->stop();
  CHECK_FALSE(run->failed());
  CHECK(run->restarts() == 0);
  CHECK(run->totals().acked == 3000);
  CHECK(run->totals().links.garbage_refused >= 12);
  CHECK(run.numbers().size() == 3000);
}

TEST_CASE("A worker whose task cannot start ends the run with its text, as the topology's fault") {
  Running run("count: 10", "throw_in: open");
  run.start();
  REQUIRE(run.over());
  REQUIRE(run->failed());
  CHECK(run->failed()->usage);
  CHECK(run->failed()->text == "bolt#0: open: asked to throw in open");
  CHECK(run->restarts() == 0);
  run.end();
  CHECK(Running::workers().empty());
}

TEST_CASE("A worker that dies again and again right after its start is given up, with what it died of") {
  Running run("count: 1000000, rate: 200", "how: crash");
  run.start();
  REQUIRE(run.until([&] {
    // The pauses before a restart grow to seconds: not waited for here.
    if (run.workers().count(2) == 0) run.clock().leap(milliseconds(50));
    return run->failed().has_value();
  }));
  CHECK_FALSE(run->failed()->usage);
  CHECK(run->failed()->text.find("worker 2 died: SIGILL in bolt bolt#0, executing tuple (") == 0);
  CHECK(run->failed()->text.find("9 times within seconds of its start; given up") != std::string::npos);
  CHECK(run->restarts() == 8);
}

TEST_CASE("drain lets spouts stop, also those of a worker that is started anew later") {
  Running run("count: 100000000, rate: 2000", "");
  run.start();
  REQUIRE(run.until([&] { return run->totals().acked > 200; }));
  run->drain();
  REQUIRE(run.over());
  run->stop();
  CHECK_FALSE(run->failed());
  CHECK(run->totals().pending == 0);
  CHECK(run->totals().acked == run->totals().emitted);
}

TEST_CASE("stop ends workers whatever they do, and takes the sockets with it") {
  Running run("count: 100000000", "");
  run.start();
  REQUIRE(run.until([&] { return run->totals().acked > 0; }));
  run->stop();
  CHECK(Running::workers().empty());
  run.end();
  for (const auto& entry : fs::directory_iterator(run.folder())) CHECK_FALSE(entry.is_directory());
}

TEST_CASE("A gale that is not there is an error before anything runs") {
  host::PluginSearch plugins(test::plugin_dirs());
  const plan::Plan plan = test::plan_of(topology("", "", "x"), plugins);
  const SteadyClock clock;
  LocalRun run(plan, {"/nowhere/gale", {}}, clock);
  const Result<void> started = run.start();
  REQUIRE_FALSE(started);
  CHECK(started.error() == "cannot start /nowhere/gale: No such file or directory");
}

}  // namespace
}  // namespace gale::node
