// SPDX-License-Identifier: Apache-2.0
#include "gale/testkit/component.hpp"

#include "components.hpp"

#include <doctest/doctest.h>

#include <chrono>

namespace gale::testkit::test {
namespace {

using namespace std::chrono_literals;

TEST_CASE_FIXTURE(Fixture, "The clock stands until the test turns it, and does not begin at zero") {
  Harness<Scripted> bolt;
  const TimePoint begin = bolt.now();
  CHECK(begin > TimePoint{});
  CHECK(bolt->context_->now() == begin);
  bolt.advance(30ms);
  CHECK(bolt->context_->now() == begin + 30ms);
  CHECK_THROWS_AS(bolt.advance(-1ms), TestFailure);
}

TEST_CASE_FIXTURE(Fixture, "Ticks come at their times while the clock goes on") {
  Harness<Scripted> bolt;
  std::vector<TimePoint> ticks;
  script().tick = [&](TimePoint now, Collector& out) {
    CHECK(bolt->context_->now() == now);
    ticks.push_back(now);
    out.emit(std::int64_t(ticks.size()));
  };
  const TimePoint begin = bolt.now();
  bolt.advance(99ms);
  CHECK(ticks.empty());
  bolt.advance(1ms);
  bolt.advance(250ms);
  CHECK(ticks == std::vector<TimePoint>{begin + 100ms, begin + 200ms, begin + 300ms});
  CHECK(bolt.emitted() == Rows{{1}, {2}, {3}});
  CHECK(bolt.emitted()[0].anchors == Inputs{});
  CHECK(bolt.tick_every() == 100ms);
}

TEST_CASE_FIXTURE(Fixture, "After a jump a tick is late rather than twice") {
  Harness<Scripted> bolt;
  std::vector<TimePoint> ticks;
  script().tick = [&](TimePoint now, Collector&) { ticks.push_back(now); };
  const TimePoint begin = bolt.now();
  bolt.jump(550ms);
  CHECK(ticks.empty());
  bolt.advance(0ms);
  CHECK(ticks == std::vector<TimePoint>{begin + 550ms});
  bolt.advance(100ms);
  CHECK(ticks == std::vector<TimePoint>{begin + 550ms, begin + 650ms});
}

TEST_CASE_FIXTURE(Fixture, "tick() ticks now, and the next one is a period later") {
  Harness<Scripted> bolt;
  int ticks = 0;
  script().tick = [&](TimePoint, Collector&) { ++ticks; };
  bolt.jump(150ms);
  bolt.tick();
  CHECK(ticks == 1);
  bolt.advance(49ms);
  CHECK(ticks == 1);
  bolt.advance(1ms);
  CHECK(ticks == 2);
}

TEST_CASE_FIXTURE(Fixture, "A tick that throws reaches the test; nothing of it leaves, and the clock stands there") {
  Harness<Scripted> bolt;
  script().tick = [](TimePoint, Collector& out) {
    out.emit(1);
    throw Error("cannot flush");
  };
  const TimePoint begin = bolt.now();
  CHECK_THROWS_WITH_AS(bolt.advance(1s), "cannot flush", Thrown);
  CHECK(bolt.now() == begin + 100ms);
  CHECK(bolt.emitted().empty());
  CHECK(bolt.errors() == Texts{"cannot flush"});
}

TEST_CASE_FIXTURE(Fixture, "finish() is called until it has said all") {
  Harness<Scripted> bolt;
  int left = 2;
  script().finish = [&](Collector& out) {
    out.emit(left);
    return --left == 0;
  };
  CHECK_FALSE(bolt.finish());
  CHECK(bolt.finish());
  CHECK(bolt.emitted() == Rows{{2}, {1}});
  CHECK_THROWS_WITH_AS(bolt.finish(), "Scripted: finish() has said all, so it is not called again", TestFailure);
  CHECK_THROWS_AS(bolt.execute({1}), TestFailure);
}

TEST_CASE_FIXTURE(Fixture, "finish_within() goes on at once after an emit, else at the next tick") {
  Harness<Scripted> bolt;
  int calls = 0, ticks = 0;
  script().tick = [&](TimePoint, Collector&) { ++ticks; };
  script().finish = [&](Collector& out) {
    if (++calls < 3) out.emit(calls);
    return ticks == 2;
  };
  CHECK(bolt.finish_within(1s));
  CHECK(calls == 5);
  CHECK(bolt.now() == TimePoint(1h) + 200ms);
  Harness<Scripted> never;
  script().finish = [&](Collector&) { return false; };
  CHECK_FALSE(never.finish_within(250ms));
  CHECK(never.now() == TimePoint(1h) + 250ms);
}

TEST_CASE_FIXTURE(Fixture, "A finish that throws reaches the test") {
  Harness<Scripted> bolt;
  script().finish = [](Collector&) -> bool { throw Error("disk full"); };
  CHECK_THROWS_WITH_AS(bolt.finish(), "disk full", Thrown);
}

/// Emits a number each second by the host's clock, and ends with the third.
class Clock final : public Spout {
 public:
  void describe(Describe& d) override { d.emits({"n"}); }
  void open(Context& context) override {
    context_ = &context;
    due_ = context.now();
  }
  Next next(SpoutCollector& out) override {
    if (n_ == 3) return Next::finished();
    if (context_->now() < due_) return Next::idle_until(due_);
    out.emit(++n_);
    due_ += 1s;
    return Next::emitted();
  }

 private:
  Context* context_ = nullptr;
  TimePoint due_;
  std::int64_t n_ = 0;
};

TEST_CASE("A spout is called when the time has come that it named") {
  Harness<Clock> clock;
  CHECK(clock.run() == Said::idle_until);
  CHECK(clock.idle_until() == clock.now() + 1s);
  CHECK(clock.emitted() == Rows{{1}});
  clock.advance(999ms);
  CHECK(clock.emitted() == Rows{{1}});
  clock.advance(1ms);
  CHECK(clock.emitted() == Rows{{1}, {2}});
  clock.advance(10s);
  CHECK(clock.emitted() == Rows{{1}, {2}, {3}});
  CHECK(clock.said() == Said::finished);
}

/// Says that it emitted, and did not.
class Mute final : public Spout {
 public:
  Next next(SpoutCollector&) override {
    ++calls_;
    return Next::emitted();
  }
  int calls_ = 0;
};

TEST_CASE("A spout that emits nothing is called again after 1, 2, 4 ... 100 ms") {
  Harness<Mute> mute;
  CHECK(mute.next() == Said::nothing);
  mute.advance(1ms);
  CHECK(mute->calls_ == 2);
  mute.advance(2ms);
  CHECK(mute->calls_ == 3);
  mute.advance(124ms);  // + 4 + 8 + 16 + 32 + 64
  CHECK(mute->calls_ == 8);
  mute.advance(1s);
  CHECK(mute->calls_ == 18);
}

/// Has one message at a time, and sleeps until it is done.
class OneByOne final : public Spout {
 public:
  void describe(Describe& d) override { d.emits({"n"}); }
  Next next(SpoutCollector& out) override {
    if (waits_) return Next::idle_until_woken();
    waits_ = true;
    out.emit({.id = n_}, n_);
    ++n_;
    return Next::emitted();
  }
  void ack(MessageId) override { waits_ = false; }

 private:
  std::uint64_t n_ = 0;
  bool waits_ = false;
};

TEST_CASE("An ack may be what a sleeping spout waits for") {
  Harness<OneByOne> one;
  CHECK(one.run() == Said::idle_until_woken);
  one.advance(1s);
  CHECK(one.emitted() == Rows{{0}});
  one.ack(0);
  one.advance(0s);
  CHECK(one.emitted() == Rows{{0}, {1}});
}

}  // namespace
}  // namespace gale::testkit::test
