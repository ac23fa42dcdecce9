// SPDX-License-Identifier: Apache-2.0
//
// The judge on ledgers made by hand: clean ones are clean, and each obligation, broken alone, is named.
#include "tests/cluster/checker/judge.hpp"

#include "tests/cluster/checker/memory.hpp"

#include <doctest/doctest.h>

#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <string>
#include <vector>

using namespace ledger;

namespace {

constexpr std::uint64_t kMs = 1'000'000;

/// A run of two sources and one sink, written down as the components would.
class World {
 public:
  World() {
    std::string name = (std::filesystem::temp_directory_path() / "judge-XXXXXX").string();
    REQUIRE(::mkdtemp(name.data()) != nullptr);
    dir_ = name;
  }
  World(const World&) = delete;
  World& operator=(const World&) = delete;
  ~World() { std::filesystem::remove_all(dir_); }

  void source(Event event, std::uint64_t seq, std::uint16_t attempt = 1, std::uint16_t start = 1) {
    SourceLine line;
    line.event = event;
    line.src = src;
    line.seq = seq;
    line.attempt = attempt;
    line.start = start;
    line.time_ns = now += kMs;
    line.pid = pid_of(file_start != 0 ? file_start : start);
    append("source." + std::to_string(src) + "." + std::to_string(file_start != 0 ? file_start : start) + "." +
               std::to_string(line.pid),
           line);
  }
  void emit(std::uint64_t seq, std::uint16_t attempt = 1, std::uint16_t start = 1) {
    source(Event::kEmit, seq, attempt, start);
  }
  void ack(std::uint64_t seq, std::uint16_t attempt = 1, std::uint16_t start = 1) {
    source(Event::kAck, seq, attempt, start);
  }
  SinkLine line_of(std::uint64_t seq, std::uint8_t branch, std::uint16_t attempt = 1, std::uint16_t start = 1) {
    SinkLine line;
    line.src = src;
    line.seq = seq;
    line.branch = branch;
    line.attempt = attempt;
    line.start = start;
    line.key = static_cast<std::uint16_t>(seq % kKeys);
    line.keyed = static_cast<std::uint8_t>(line.key % 4);
    line.sound = 1;
    line.time_ns = now += kMs;
    return line;
  }
  void sink(SinkLine line) { append("sink.0.77", line); }
  void arrive(std::uint64_t seq, std::uint16_t attempt = 1, std::uint16_t start = 1) {
    for (std::uint8_t b = 0; b < kFanOut; ++b) sink(line_of(seq, b, attempt, start));
  }
  void pass(std::uint64_t seq, std::uint16_t attempt = 1, std::uint16_t start = 1) {
    emit(seq, attempt, start);
    arrive(seq, attempt, start);
    ack(seq, attempt, start);
  }
  void kill(std::uint64_t pid, std::uint64_t outage_ms = 300) {
    now += kMs;
    faults_ += "kill " + std::to_string(++kills_) + " " + std::to_string(now) + " " +
               std::to_string(now + outage_ms * kMs) + " " + std::to_string(pid) + " 1500 400\n";
  }
  void bytes(const std::string& file, const std::string& data) {
    std::ofstream(dir_ + "/" + file, std::ios::binary | std::ios::app) << data;
  }
  void set(const std::string& line) { settings_ += line + "\n"; }

  Findings judge() {
    bytes("settings", settings_);
    bytes("faults", faults_);
    return Judge(read_run(dir_)).judge();
  }
  [[nodiscard]] const std::string& dir() const { return dir_; }

  static std::uint32_t pid_of(std::uint16_t start) { return 100u + start; }
  std::uint16_t src = 0;
  std::uint16_t file_start = 0;  // a line in another incarnation's file
  std::uint64_t now = 1'000'000 * kMs;

 private:
  template <class Line>
  void append(const std::string& file, Line& line) {
    line.crc = crc_of(line);
    bytes(file, std::string(reinterpret_cast<const char*>(&line), sizeof line));
  }
  std::string dir_, faults_ = "# seed 7\n", settings_ = "sources 2\ntimeout_ms 3000\nmax_pending 100\n";
  std::uint64_t kills_ = 0;
};

/// Exactly these are broken, and each has an example.
void check_broken(const Findings& found, std::vector<Obligation> expected) {
  for (std::size_t i = 0; i < kObligations.size(); ++i) {
    const auto o = static_cast<Obligation>(i);
    const bool is_expected = std::find(expected.begin(), expected.end(), o) != expected.end();
    CAPTURE(kObligations[i].id);
    CAPTURE((found[o].examples.empty() ? std::string() : found[o].examples[0]));
    CHECK((found[o].broken != 0) == is_expected);
    CHECK(found[o].examples.empty() == (found[o].broken == 0));
  }
}

}  // namespace

TEST_CASE("A run without faults is clean, and its sums are right") {
  World world;
  for (world.src = 0; world.src < 2; ++world.src) {
    for (std::uint64_t seq = 1; seq <= 2500; ++seq) world.pass(seq);
  }
  const Findings found = world.judge();
  check_broken(found, {});
  CHECK(found.records == 5000);
  CHECK(found.copies == 10'000);
  CHECK(found.duplicates == 0);
  CHECK(found.replays == 0);
}

TEST_CASE("A kill explains fails, replays, a new incarnation of the source and their duplicates") {
  World world;
  world.pass(1);
  world.emit(2);
  world.sink(world.line_of(2, 0));
  world.emit(3);
  world.kill(World::pid_of(1));
  world.pass(2, 1, 2);  // begun again behind the mark
  world.emit(3, 1, 2);
  world.kill(999);
  world.source(Event::kTimeout, 3, 1, 2);
  world.pass(3, 2, 2);
  world.pass(4, 1, 2);
  const Findings found = world.judge();
  check_broken(found, {});
  CHECK(found.records == 4);
  CHECK(found.duplicates == 1);  // branch 0 of seq 2
  CHECK(found.replays == 3);
  CHECK(found.counted_faults == 2);
  CHECK(found.unexplained_duplicates == 0);
}

TEST_CASE("P1 names a branch that is not in the sink, and a number that was left out") {
  World world;
  world.emit(1);
  world.sink(world.line_of(1, 0));
  world.kill(World::pid_of(1));
  world.pass(3, 1, 2);
  const Findings found = world.judge();
  check_broken(found, {Obligation::kP1});
  CHECK(found.missing == 2);
}

TEST_CASE("P1 names a source that ended before its last number") {
  World world;
  world.set("last 5");
  world.set("sources 1");
  world.pass(1);
  const Findings found = world.judge();
  check_broken(found, {Obligation::kP1});
  CHECK(found.missing == 4);
}

TEST_CASE("P2 names an ack of what is not whole in the sink, though an earlier attempt was") {
  World world;
  world.emit(1);
  world.arrive(1);
  world.kill(999);
  world.source(Event::kFail, 1);
  world.emit(1, 2);
  world.sink(world.line_of(1, 1, 2));
  world.ack(1, 2);
  const Findings found = world.judge();
  check_broken(found, {Obligation::kP2});
  CHECK(found.false_acks == 1);
}

TEST_CASE("P2 names an ack that came before the sink's line") {
  World world;
  world.emit(1);
  world.sink(world.line_of(1, 0));
  world.ack(1);
  world.sink(world.line_of(1, 1));
  check_broken(world.judge(), {Obligation::kP2});
}

TEST_CASE("P3 names what was never emitted, a changed payload, a changed key and an attempt too many") {
  World world;
  world.pass(1);
  world.sink(world.line_of(2, 0));
  world.sink(world.line_of(1, 0, 2));
  world.pass(3 - 1);
  SinkLine changed = world.line_of(1, 0);
  changed.sound = 0;
  world.sink(changed);
  changed = world.line_of(1, 0);
  changed.key = 5;
  world.sink(changed);
  world.src = 9;
  world.sink(world.line_of(1, 0));
  const Findings found = world.judge();
  CHECK(found[Obligation::kP3].broken == 4);  // seq 2 was emitted after all, if late: the judge has no order there
}

TEST_CASE("P4 names one attempt's branch that came twice") {
  World world;
  world.emit(1);
  world.arrive(1);
  world.sink(world.line_of(1, 1));
  world.ack(1);
  const Findings found = world.judge();
  check_broken(found, {Obligation::kP4});
  CHECK(found.duplicates == 1);
  CHECK(found.unexplained_duplicates == 1);
}

TEST_CASE("P5 names a fail without a fault, and its duplicates are unexplained") {
  World world;
  world.emit(1);
  world.arrive(1);
  world.source(Event::kTimeout, 1);
  world.pass(1, 2);
  const Findings found = world.judge();
  check_broken(found, {Obligation::kP5});
  CHECK(found.unexplained_duplicates == 2);
}

TEST_CASE("P5 names a fail long after the recovery from the only fault") {
  World world;
  world.kill(999);
  world.now += 20'000 * kMs;
  world.emit(1);
  world.source(Event::kFail, 1);
  world.pass(1, 2);
  check_broken(world.judge(), {Obligation::kP5});
}

TEST_CASE("P5 names a source that began again though nobody killed it") {
  World world;
  world.pass(1);
  world.pass(2, 1, 2);
  check_broken(world.judge(), {Obligation::kP5});
}

TEST_CASE("P5 names a fault that made more copies than its bound") {
  World world;  // 2 sources x 100 pending x 2 branches x (1 + 1 for the outage) = 800
  for (std::uint64_t seq = 1; seq <= 401; ++seq) world.emit(seq);
  world.kill(World::pid_of(1));
  for (std::uint64_t seq = 1; seq <= 401; ++seq) world.pass(seq, 1, 2);
  check_broken(world.judge(), {Obligation::kP5});
}

TEST_CASE("A tuple held late on purpose explains its timeout, but not its neighbour's") {
  World world;
  world.set("late_every 2");
  for (const std::uint64_t seq : {2, 3}) {
    world.emit(seq - 1);
    world.arrive(seq - 1);
    world.ack(seq - 1);
    world.emit(seq);
    world.source(Event::kTimeout, seq);
    world.pass(seq, 2);
    if (seq == 2) world.sink(world.line_of(2, 0));
  }
  const Findings found = world.judge();
  CHECK(found[Obligation::kP5].broken == 1 + 1);  // seq 3: its fail, and the sum of its copies
  CHECK(found[Obligation::kP7].broken == 0);
}

TEST_CASE("P6 names a callback that came twice") {
  World world;
  world.pass(1);
  world.ack(1);
  check_broken(world.judge(), {Obligation::kP6});
}

TEST_CASE("P6 names a fail after the ack, and a callback for another incarnation's message") {
  World world;
  world.pass(1);
  world.source(Event::kFail, 1);
  world.kill(World::pid_of(1));
  world.pass(2, 1, 2);
  world.file_start = 2;
  world.ack(1, 1, 1);
  const Findings found = world.judge();
  check_broken(found, {Obligation::kP6});
  CHECK(found[Obligation::kP6].broken == 2);
}

TEST_CASE("P6 names what a living source was never told") {
  World world;
  world.emit(1);
  world.arrive(1);
  check_broken(world.judge(), {Obligation::kP6});
}

TEST_CASE("P7 names a first attempt that overtook another on the same way") {
  World world;
  world.emit(1);
  world.emit(1 + kKeys);  // the same key
  world.arrive(1 + kKeys);
  world.arrive(1);
  world.ack(1);
  world.ack(1 + kKeys);
  for (std::uint64_t seq = 2; seq <= kKeys; ++seq) world.pass(seq);
  const Findings found = world.judge();
  check_broken(found, {Obligation::kP7});
}

TEST_CASE("P7 lets replays come when they will") {
  World world;
  world.emit(1);
  world.kill(999);
  world.source(Event::kFail, 1);
  world.pass(2);
  world.pass(1, 2);
  check_broken(world.judge(), {});
}

TEST_CASE("P8 names a key that two tasks saw") {
  World world;
  world.emit(1);
  SinkLine line = world.line_of(1, 0);
  world.sink(line);
  line = world.line_of(1, 1);
  line.keyed = 3;
  world.sink(line);
  world.ack(1);
  check_broken(world.judge(), {Obligation::kP8});
}

TEST_CASE("P10 names a worker that never came back, and a run that drained too slowly") {
  World world;
  world.emit(1);
  world.now += 60'000 * kMs;
  world.arrive(1);
  world.ack(1);
  world.bytes("faults", "kill 1 1000000000 0 999 1500 0\n");
  const Findings found = world.judge();
  check_broken(found, {Obligation::kP10});
  CHECK(found[Obligation::kP10].broken == 2);
}

TEST_CASE("P12 names a process that grows with what it has done") {
  World world;
  world.set("memory_bytes_per_root 48");
  for (std::uint64_t seq = 1; seq <= 1000; ++seq) {
    world.pass(seq);
    if (seq % 10 != 0) continue;
    world.bytes("memory", std::to_string(world.now) + " 5 50000000\n");
    world.bytes("memory", std::to_string(world.now) + " 6 " + std::to_string(50'000'000 + seq * 64) + "\n");
  }
  const Findings found = world.judge();
  check_broken(found, {Obligation::kP12});
  CHECK(found[Obligation::kP12].broken == 1);
}

TEST_CASE("A torn last line is discarded; damage elsewhere is named") {
  World world;
  world.pass(1);
  world.bytes("sink.0.77", std::string(20, 'x'));
  check_broken(world.judge(), {});

  World damaged;
  damaged.pass(1);
  damaged.bytes("sink.0.77", std::string(sizeof(SinkLine), 'x'));
  damaged.pass(2);
  check_broken(damaged.judge(), {Obligation::kP3});
}

TEST_CASE("Settings that nobody knows are refused by file and line") {
  World world;
  world.set("tiemout_ms 5");
  CHECK_THROWS_WITH(world.judge(), doctest::Contains("/settings:4: cannot read 'tiemout_ms 5'"));
}

TEST_CASE("Attempts keeps many replays apart") {
  Attempts attempts;
  for (std::uint64_t seq = 1; seq <= 20'000; ++seq) attempts.emitted(seq, 1, 1);
  for (std::uint64_t seq = 1; seq <= 20'000; ++seq) attempts.emitted(seq, 1, 2);
  for (std::uint64_t seq = 10'001; seq <= 30'000; ++seq) attempts.emitted(seq, 2, 1);
  attempts.seal();
  CHECK(attempts.highest() == 30'000);
  CHECK(attempts.replays() == 30'000);
  for (std::uint64_t seq = 1; seq <= 20'000; ++seq) *attempts.find(seq, 1, 2).seen = seq % 3;
  std::uint64_t wrong = 0;
  for (std::uint64_t seq = 1; seq <= 20'000; ++seq) wrong += *attempts.find(seq, 1, 2).seen != seq % 3;
  CHECK(wrong == 0);
  CHECK(attempts.find(5, 1, 1).cause == nullptr);          // a first attempt
  CHECK(attempts.find(20'500, 2, 1).cause == nullptr);     // a first attempt of the second incarnation
  CHECK(attempts.find(15'000, 2, 1).cause != nullptr);     // emitted again by it
  CHECK_FALSE(static_cast<bool>(attempts.find(5, 2, 1)));  // it began behind that
  CHECK_FALSE(static_cast<bool>(attempts.find(30'001, 2, 1)));
}

TEST_CASE("Growth is the slope of the later part, and nothing when there are few samples") {
  std::vector<MemorySample> samples;
  for (std::uint64_t s = 0; s < 20; ++s) samples.push_back({s * 1'000'000'000, 1, s < 8 ? s * 999 : 1000 + s * 64});
  CHECK(growth_of(samples).value() == doctest::Approx(64));
  samples.resize(5);
  CHECK_FALSE(growth_of(samples).has_value());
}
