// SPDX-License-Identifier: Apache-2.0
//
// The supervisor's core on a manual clock, with processes, workers and a master that are the test's, and a real folder.
#include "supervisor/node/supervisor.hpp"

#include "engine/base/log.hpp"
#include "engine/base/sha256.hpp"
#include "supervisor/control/fields.hpp"

#include <doctest/doctest.h>

#include <csignal>
#include <cstdlib>
#include <deque>
#include <filesystem>
#include <fstream>
#include <map>

namespace gale::node {
namespace {

namespace fs = std::filesystem;
using control::incarnation_of;
using control::SlotState;
using std::chrono::milliseconds;
using std::chrono::seconds;

/// Processes that run until the test, or a signal that it lets through, ends them.
struct FakeProcesses final : Processes {
  struct One {
    ProcessId id;
    Incarnation life;
    std::vector<std::string> arguments;
    bool heeds_term = true;
  };
  std::map<std::uint16_t, One> running;
  std::vector<FoundWorker> others;  // that find() finds beside
  std::vector<std::int64_t> strays_killed;
  std::vector<Ended> dead;
  std::vector<std::uint16_t> started;
  std::string refuse;
  std::int64_t next_pid = 100;
  bool heed_term = true;

  Result<ProcessId> start(std::uint16_t port, const std::vector<std::string>& arguments, const fs::path&) override {
    if (!refuse.empty()) return Failed{refuse};
    REQUIRE(running.count(port) == 0);
    const ProcessId id{++next_pid, 7, "boot"};
    running[port] = {id, Incarnation(static_cast<std::uint32_t>(std::stoul(after(arguments, "--incarnation")))),
                     arguments, heed_term};
    started.push_back(port);
    return id;
  }
  bool adopt(std::uint16_t port, const ProcessId& process) override {
    for (const FoundWorker& w : others) {
      if (w.process != process) continue;
      running[port] = {process, w.incarnation, {}, true};
      return true;
    }
    return running.count(port) == 1 && running[port].id == process;
  }
  std::vector<FoundWorker> find() override {
    std::vector<FoundWorker> all = others;
    for (const auto& [port, one] : running) all.push_back({port, assignments[port], one.life, one.id});
    return all;
  }
  void signal(std::uint16_t port, int number) override {
    if (running.count(port) == 0 || (number == SIGTERM && !running[port].heeds_term)) return;
    end(port, "signal " + std::to_string(number));
  }
  void kill_stray(const ProcessId& process) override { strays_killed.push_back(process.pid); }
  std::vector<Ended> deaths() override { return std::exchange(dead, {}); }
  std::uint64_t rss_bytes(std::uint16_t) override { return 1 << 20; }

  void end(std::uint16_t port, const std::string& how) {
    REQUIRE(running.erase(port) == 1);
    const bool by_signal = how.starts_with("signal ");
    dead.push_back({port, process::Exit{by_signal, std::stoi(how.substr(how.rfind(' ')))}, false});
  }
  static std::string after(const std::vector<std::string>& words, const std::string& option) {
    for (std::size_t i = 0; i + 1 < words.size(); ++i) {
      if (words[i] == option) return words[i + 1];
    }
    return "";
  }
  std::map<std::uint16_t, Assignment> assignments;
};

struct FakeWorkers final : Workers {
  std::deque<control::Message> said;
  std::vector<control::Message> told;
  std::optional<control::Message> receive() override {
    if (said.empty()) return std::nullopt;
    control::Message m = said.front();
    said.pop_front();
    return m;
  }
  std::function<void(std::uint16_t)> stop;  // a worker that reads what it is told
  bool send(const control::Message& m) override {
    if (m.kind == control::Kind::kStop) {
      stop(m.slot);
      return true;
    }
    told.push_back(m);
    return true;
  }
};

/// A master in memory: holds beats for a second of the clock.
struct FakeRequests final : Requests {
  explicit FakeRequests(const Clock& c) : clock(c) {}
  const Clock& clock;
  bool silent = false;
  control::Wanted wanted{1, {}};
  Value::Array asks;
  std::vector<Value> told;
  std::map<std::string, std::string> plugins;
  std::deque<std::pair<control::Request, TimePoint>> held;
  std::deque<control::Reply> replies;
  std::vector<control::Beat> beats;
  std::size_t reconnects = 0;

  bool send(const control::Request& r) override {
    if (r.verb == "beat") beats.push_back(control::to_beat(r.args));
    if (!silent) held.emplace_back(r, clock.now());
    return true;
  }
  std::optional<control::Reply> receive() override {
    while (!held.empty()) {
      const auto& [r, at] = held.front();
      if (r.verb == "plugin") {
        replies.push_back(plugin(r));
      } else if (r.verb == "told") {
        told.push_back(r.args);
        replies.push_back({r.id, {}, {}});
      } else {
        const bool hold =
            control::to_beat(r.args).seen == wanted.version && clock.now() < at + seconds(1) && held.size() == 1;
        if (hold) break;
        Value::Map map = control::to_value(wanted).get<Value::Map>();
        map.emplace("asks", asks);
        replies.push_back({r.id, map, {}});
      }
      held.pop_front();
    }
    if (replies.empty()) return std::nullopt;
    control::Reply reply = replies.front();
    replies.pop_front();
    return reply;
  }
  void reconnect() override {
    ++reconnects;
    held.clear();
  }
  control::Reply plugin(const control::Request& r) {
    const std::string& bytes = plugins[control::text_in(r.args, "sha256")];
    if (bytes.empty()) return {r.id, {}, control::Refused{"there is no such plugin"}};
    const std::uint64_t offset = control::number_in(r.args, "offset");
    return {r.id, Value::Map{{"bytes", bytes.size()}, {"data", Bytes{bytes.substr(offset, 3)}}}, {}};
  }
};

class Scene {
 public:
  Scene() {
    log::start(log::Level::kOff, "");
    std::string pattern = (fs::temp_directory_path() / "gale-test-XXXXXX").string();
    REQUIRE(::mkdtemp(pattern.data()) != nullptr);
    path = pattern;
    workers.stop = [this](std::uint16_t port) { processes.signal(port, SIGTERM); };
    open();
  }
  ~Scene() {
    supervisor.reset();
    state.reset();
    fs::remove_all(path);
  }
  /// As after a crash of the supervisor: what is on disk and what runs stays.
  void open() {
    supervisor.reset();
    state.reset();
    Result<StateFolder> opened =
        StateFolder::open(path, [this](const fs::path& p, std::string_view bytes, mode_t mode) {
          return full ? Result<void>(Failed{"cannot write " + p.string() + ": No space left on device"})
                      : write_durably(p, bytes, mode);
        });
    REQUIRE_MESSAGE(opened, opened.error());
    state.emplace(std::move(*opened));
    for (const std::uint16_t port : {6700, 6701}) {
      if (const auto record = state->record(port)) processes.assignments[port] = record->assignment;
    }
    SupervisorOptions options{.program = "gale", .name = "n", .address = "a", .ports = {6700, 6701}, .limits = {}};
    supervisor.emplace(options, *state, processes, workers, requests, clock, [this] { return chance; });
    supervisor->begin();
  }
  control::WantedTopology topology(std::uint16_t port = 6700, const std::string& id = "t-1",
                                   std::uint32_t generation = 1) {
    control::WantedTopology t;
    t.revision.topology = id;
    t.revision.file = "name: t\n";
    t.revision.plugins = {{"words", sha256_hex("plugin"), 6}};
    requests.plugins[sha256_hex("plugin")] = "plugin";
    control::Placed p;
    p.slot = {state->host(), port};
    p.generation = generation;
    t.places = {p};
    return t;
  }
  void want(std::vector<control::WantedTopology> topologies) {
    ++requests.wanted.version;
    requests.wanted.topologies = std::move(topologies);
  }
  /// Lets time go on; those that run report when `reports`.
  void run(Duration time, bool reports = true) {
    const TimePoint until = clock.now() + time;
    for (;;) {
      if (reports) report_all();
      supervisor->step();
      if (clock.now() >= until) return;
      clock.advance(milliseconds(50));
    }
  }
  void report_all(std::uint64_t heard = 0) {
    for (const auto& [port, one] : processes.running) {
      control::Message m;
      m.slot = port;
      m.incarnation = one.life;
      m.told = heard;
      m.worker = WorkerId(0);
      workers.said.push_back(m);
    }
  }
  const control::Beat& beat() const { return requests.beats.back(); }
  std::optional<control::SlotReport> slot(std::uint16_t port = 6700) const {
    for (const control::SlotReport& s : beat().slots) {
      if (s.port == port) return s;
    }
    return std::nullopt;
  }
  bool told_event(const std::string& part) const {
    for (const control::Beat& b : requests.beats) {
      for (const control::Event& e : b.events) {
        if (e.text.find(part) != std::string::npos) return true;
      }
    }
    return false;
  }

  fs::path path;
  ManualClock clock;
  FakeProcesses processes;
  FakeWorkers workers;
  FakeRequests requests{clock};
  bool full = false;
  double chance = 0.5;
  std::optional<StateFolder> state;
  std::optional<Supervisor> supervisor;
};

TEST_CASE("What the master wants is fetched and started, and the record of the life is there before the process") {
  Scene s;
  s.run(seconds(1));
  CHECK(s.beat().complete);
  s.want({s.topology()});
  s.run(seconds(2));
  REQUIRE(s.processes.running.count(6700) == 1);
  const auto& words = s.processes.running[6700].arguments;
  CHECK(words[1] == "worker");
  CHECK(fs::exists(words[2]));
  CHECK(FakeProcesses::after(words, "--incarnation") == std::to_string(incarnation_of(1, 1).value));
  CHECK(s.slot()->alive);
  CHECK(s.slot()->state == SlotState::kRunning);
  const auto record = s.state->record(6700);
  CHECK(record->incarnation == incarnation_of(1, 1));
  CHECK(record->process == s.processes.running[6700].id);
}

TEST_CASE("Secrets of a topology are on no command line") {
  Scene s;
  control::WantedTopology t = s.topology();
  t.revision.sets = {"password=geheim"};
  t.revision.token = 123456789;
  s.want({t});
  s.run(seconds(2));
  for (const std::string& word : s.processes.running.at(6700).arguments) {
    CHECK(word.find("geheim") == std::string::npos);
    CHECK(word.find("123456789") == std::string::npos);
  }
  const auto bytes = read_small(s.state->launch_file(6700), 1 << 20);
  const Result<control::Launch> launch = control::decode_launch(*bytes);
  REQUIRE(launch);
  CHECK(launch->sets == t.revision.sets);
  CHECK(launch->token == 123456789);
  CHECK((fs::status(s.state->launch_file(6700)).permissions() & (fs::perms::group_all | fs::perms::others_all)) ==
        fs::perms::none);
}

TEST_CASE("A supervisor that was killed at any point of a launch gives no life twice and leaves no process behind") {
  for (const bool launched : {false, true}) {
    CAPTURE(launched);
    Scene s;
    s.want({s.topology()});
    s.run(seconds(2));
    // As if it had died between the record of the life and that of its process.
    SlotRecord record = *s.state->record(6700);
    record.process = {};
    REQUIRE(s.state->write_record(6700, record));
    if (!launched) s.processes.running.clear();
    s.open();
    s.run(seconds(2));
    REQUIRE(s.processes.running.size() == 1);
    CHECK(s.processes.running[6700].life == incarnation_of(1, launched ? 1 : 2));
    CHECK(s.processes.started.size() == (launched ? 1 : 2));
    CHECK(s.state->record(6700)->process == s.processes.running[6700].id);
    CHECK(s.processes.strays_killed.empty());
  }
}

TEST_CASE("A worker whose record is lost is adopted by what its command line says") {
  Scene s;
  s.want({s.topology()});
  s.run(seconds(2));
  const Assignment assignment = s.state->record(6700)->assignment;
  fs::remove_all(s.path / "slots/6700");
  s.processes.assignments[6700] = assignment;
  s.open();
  s.run(seconds(2));
  CHECK(s.processes.started.size() == 1);
  CHECK(s.slot()->alive);
  CHECK(s.state->record(6700)->incarnation == incarnation_of(1, 1));
}

TEST_CASE("A second process of a slot, or one of a slot that is no more, is killed once the master has spoken") {
  Scene s;
  s.want({s.topology()});
  s.run(seconds(2));
  s.requests.silent = true;
  s.processes.others = {{6700, {"t-1", 1, WorkerId(0), 1}, Incarnation(1), {900, 1, "boot"}},
                        {6799, {"t-1", 1, WorkerId(0), 1}, incarnation_of(1, 1), {901, 1, "boot"}}};
  s.open();
  s.run(seconds(30));
  CHECK(s.processes.strays_killed.empty());
  CHECK(s.processes.running.size() == 1);
  s.requests.silent = false;
  s.run(seconds(10));
  CHECK(s.processes.strays_killed == std::vector<std::int64_t>{900, 901});
  CHECK(s.processes.started.size() == 1);
}

TEST_CASE("A worker that dies again and again starts at most twelve times in three minutes, and that is shown") {
  Scene s;
  s.chance = 0;
  s.want({s.topology()});
  s.run(seconds(1));
  const TimePoint until = s.clock.now() + std::chrono::minutes(3) - seconds(1);
  bool looping = false;
  while (s.clock.now() < until) {
    if (s.processes.running.count(6700) == 1) {
      std::ofstream(*s.state->log_file("t-1", WorkerId(0)), std::ios::app) << "out of luck\n";
      s.processes.end(6700, "exit status 1");
    }
    s.run(milliseconds(50));
    looping = looping || (s.slot() && s.slot()->state == SlotState::kCrashLooping);
  }
  CHECK(s.processes.started.size() <= 12);
  CHECK(s.processes.started.size() >= 10);
  REQUIRE(looping);
  CHECK(s.slot()->state == SlotState::kCrashLooping);
  CHECK(s.slot()->why.starts_with("died: exit status 1\nout of luck"));
  CHECK(s.told_event("died: exit status 1"));
  CHECK(s.slot()->restarts == s.processes.started.size() - 1);
  s.run(seconds(40));
  s.run(seconds(61));  // and a minute of health
  CHECK(s.slot()->state == SlotState::kRunning);
}

TEST_CASE("A worker that cannot start says why, and the master hears it") {
  Scene s;
  s.want({s.topology()});
  s.run(seconds(2), false);
  control::Message m;
  m.kind = control::Kind::kCannotStart;
  m.slot = 6700;
  m.incarnation = incarnation_of(1, 1);
  m.why = "plugin 'words': libexotic.so.3: cannot open shared object file";
  s.workers.said.push_back(m);
  s.processes.refuse = "later";
  s.processes.end(6700, "exit status 2");
  s.run(milliseconds(50));
  CHECK(s.told_event("libexotic.so.3"));
}

TEST_CASE("A full disk starts nothing, is told, and leaves what runs; when there is room again all goes on") {
  Scene s;
  s.want({s.topology(6700), s.topology(6701, "u-1")});
  s.run(seconds(2));
  REQUIRE(s.processes.running.size() == 2);
  s.full = true;
  s.processes.end(6701, "signal 11");
  s.run(seconds(5));
  CHECK(s.processes.running.size() == 1);
  CHECK(s.beat().trouble.find("No space left on device") != std::string::npos);
  CHECK(s.slot(6700)->alive);
  CHECK(s.slot(6701)->state == SlotState::kBackingOff);
  CHECK(s.slot(6701)->why.find("No space left on device") != std::string::npos);
  s.full = false;
  s.run(seconds(3));
  CHECK(s.processes.running.size() == 2);
  CHECK(s.beat().trouble.empty());
  CHECK(s.processes.running[6701].life > incarnation_of(1, 1));
}

TEST_CASE("A worker that falls silent is killed, not asked, and starts anew; one that reports is left alone") {
  Scene s;
  s.processes.heed_term = false;
  s.want({s.topology()});
  s.run(seconds(2));
  s.run(seconds(29), false);
  CHECK(s.processes.started.size() == 1);
  s.run(seconds(2), false);
  CHECK(s.processes.started.size() == 2);
  CHECK(s.told_event("killed: no report for 30 s"));
}

TEST_CASE("A slot that is given to another topology runs it once the old worker has ended, by KILL if need be") {
  Scene s;
  s.processes.heed_term = false;
  s.want({s.topology()});
  s.run(seconds(2));
  s.want({s.topology(6700, "u-1")});
  s.run(seconds(3));
  CHECK(s.processes.started.size() == 1);
  CHECK(s.slot()->topology == "t-1");
  CHECK(s.slot()->state == SlotState::kStopping);
  s.run(seconds(5));
  REQUIRE(s.processes.started.size() == 2);
  CHECK(s.slot()->topology == "u-1");
  CHECK_FALSE(s.told_event("KILL"));  // an end that was wanted is no fault
  s.want({s.topology(6700, "t-1")});  // back, in the same generation: its count goes on
  s.run(seconds(10));
  CHECK(s.processes.running.at(6700).life == incarnation_of(1, 2));
}

TEST_CASE("What a worker is told reaches it, and again until it confirms") {
  Scene s;
  control::WantedTopology t = s.topology();
  s.want({t});
  s.run(seconds(2));
  CHECK(s.workers.told.empty());  // the launch file said it
  t.phase = control::Phase::kInactive;
  s.want({t});
  s.run(seconds(5));
  REQUIRE(s.workers.told.size() >= 8);  // two messages, again each second
  CHECK(s.workers.told[0].kind == control::Kind::kPeers);
  CHECK(s.workers.told[1].kind == control::Kind::kDeactivate);
  CHECK(s.workers.told[1].told > s.workers.told[0].told);
  s.report_all(s.workers.told.back().told);
  s.run(Duration::zero(), false);
  const std::size_t told = s.workers.told.size();
  s.run(seconds(5), false);
  CHECK(s.workers.told.size() == told);
}

TEST_CASE("A silent master is asked again over fresh connections, ever more rarely, while workers are looked after") {
  Scene s;
  s.want({s.topology()});
  s.run(seconds(2));
  s.requests.silent = true;
  s.requests.held.clear();
  const std::size_t before = s.requests.beats.size();
  s.processes.end(6700, "signal 9");
  s.run(seconds(120));
  CHECK(s.requests.reconnects >= 10);
  CHECK(s.requests.beats.size() - before < 60);
  CHECK(s.processes.running.count(6700) == 1);
  CHECK(s.processes.started.size() == 2);
  s.requests.silent = false;
  s.run(seconds(12));
  CHECK(s.requests.beats.back().seen == s.requests.wanted.version);
  CHECK(s.told_event("died: signal 9"));
}

TEST_CASE("A beat leaves at once when there is news, else once a second, and events are told until answered") {
  Scene s;
  s.want({s.topology()});
  s.run(seconds(2));
  std::size_t before = s.requests.beats.size();
  s.run(seconds(10));
  CHECK(s.requests.beats.size() - before >= 8);
  CHECK(s.requests.beats.size() - before <= 11);
  before = s.requests.beats.size();
  s.processes.end(6700, "signal 9");
  s.run(Duration::zero());
  REQUIRE(s.requests.beats.size() == before + 1);
  CHECK(s.beat().events.size() == 1);
  s.run(seconds(3));
  CHECK(s.beat().events.empty());
}

TEST_CASE("A plugin that the master does not have, or has wrong, is shown and asked for again") {
  Scene s;
  control::WantedTopology t = s.topology();
  s.requests.plugins.clear();
  s.want({t});
  s.run(seconds(2));
  CHECK(s.slot()->state == SlotState::kFetching);
  CHECK(s.slot()->why == "plugin 'words': there is no such plugin");
  s.requests.plugins[sha256_hex("plugin")] = "plugXn";
  s.run(seconds(10));
  CHECK(s.slot()->why.find("has come with other bytes") != std::string::npos);
  s.requests.plugins[sha256_hex("plugin")] = "plugin";
  s.run(seconds(35));
  CHECK(s.slot()->state == SlotState::kRunning);
  CHECK(s.slot()->alive);
}

TEST_CASE("Plugins that nobody needs are kept for a while, then removed; files of a topology go at once") {
  Scene s;
  s.want({s.topology()});
  s.run(seconds(2));
  s.want({});
  s.run(seconds(2));
  CHECK(s.state->installed().empty());
  CHECK(s.state->plugins().size() == 1);
  s.run(std::chrono::minutes(9));
  CHECK(s.state->plugins().size() == 1);
  s.run(std::chrono::minutes(2));
  CHECK(s.state->plugins().empty());
}

TEST_CASE("What the master asks is answered once each, until it is known to be heard") {
  Scene s;
  std::ofstream(*s.state->log_file("t-1", WorkerId(0))) << "one\ntwo\n";
  s.requests.asks = {Value::Map{{"id", "a"}, {"what", "log"}, {"topology", "t-1"}, {"place", 0}, {"lines", 1}},
                     Value::Map{{"id", "b"}, {"what", "log"}, {"topology", "t-1"}, {"place", 1}},
                     Value::Map{{"id", "c"}, {"what", "weather"}}};
  s.run(seconds(5));
  REQUIRE(s.requests.told.size() == 3);
  CHECK(control::map_in(s.requests.told[0], "value").find("text")->get<Bytes>().data == "two\n");
  CHECK(control::text_in(s.requests.told[1], "refused") == "there is no log of worker 2 of t-1 on this host");
  CHECK(control::text_in(s.requests.told[2], "refused").find("older than the master") != std::string::npos);
}

TEST_CASE("end_workers ends them all and starts none again, but keeps what is installed") {
  Scene s;
  s.want({s.topology(6700), s.topology(6701, "u-1")});
  s.run(seconds(2));
  CHECK(s.supervisor->alive() == 2);
  s.supervisor->end_workers();
  s.run(seconds(10));
  CHECK(s.supervisor->alive() == 0);
  CHECK(s.processes.started.size() == 2);
  CHECK(s.state->installed().size() == 2);
}

TEST_CASE("next() is never behind and never beyond what is due") {
  Scene s;
  s.want({s.topology()});
  s.run(seconds(2));
  CHECK(s.supervisor->next() >= s.clock.now());
  s.processes.end(6700, "signal 9");
  s.run(Duration::zero(), false);
  s.processes.end(6700, "signal 9");
  s.run(Duration::zero(), false);  // now it waits a second
  const TimePoint next = s.supervisor->next();
  CHECK(next > s.clock.now());
  CHECK(next <= s.clock.now() + seconds(1));
}

}  // namespace
}  // namespace gale::node
