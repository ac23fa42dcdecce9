// SPDX-License-Identifier: Apache-2.0
#include "gale/testkit/said.hpp"

#include "components.hpp"

#include <doctest/doctest.h>

#include <optional>

namespace gale::testkit::test {
namespace {

/// Emits 0, 1, ... below `count`, tracked, and remembers what it hears.
class Numbers final : public Spout {
 public:
  void describe(Describe& d) override {
    d.key("count", count_, "How many.");
    d.key("mine", mine_, "It replays by itself.");
    d.key("bad", bad_, "The number at which next() throws.");
    d.emits({"n"});
  }
  Next next(SpoutCollector& out) override {
    if (n_ == count_) return Next::finished();
    out.emit({.id = n_, .replay = mine_ ? Replay::spout : Replay::engine}, n_);
    if (std::int64_t(n_) == bad_) {
      bad_ = -1;
      throw Error("cannot read");
    }
    ++n_;
    return Next::emitted();
  }
  void ack(MessageId id) override { heard_.push_back("ack " + std::to_string(id)); }
  void fail(const Failure& f) override {
    heard_.push_back("fail " + std::to_string(f.id) + " " + std::string(f.reason) + " at " + std::to_string(f.attempt) +
                     (f.final ? ", final" : ""));
    if (f.reason == "throw") throw Error("cannot bear it");
  }
  void activate() override { heard_.emplace_back("activate"); }
  void deactivate() override { heard_.emplace_back("deactivate"); }

  std::vector<std::string> heard_;

 private:
  std::uint64_t n_ = 0, count_ = 3;
  std::int64_t bad_ = -1;
  bool mine_ = false;
};

TEST_CASE("A spout is asked once, or until it has no more") {
  Harness<Numbers> numbers;
  CHECK(numbers.next() == Said::emitted);
  CHECK(numbers.emitted() == Rows{{0}});
  CHECK(numbers.run() == Said::finished);
  CHECK(numbers.emitted() == Rows{{0}, {1}, {2}});
  CHECK(numbers.emitted().ids() == std::vector<MessageId>{0, 1, 2});
  CHECK(numbers.emitted()[0].replay == Replay::engine);
  CHECK_THROWS_WITH_AS(numbers.next(), "Numbers: it has finished, so next() is not called again", TestFailure);
}

TEST_CASE("It hears of each tracked emit once") {
  Harness<Numbers> numbers;
  numbers.run();
  numbers.ack(1);
  numbers.fail(0, "no");
  CHECK(numbers.pending() == std::vector<MessageId>{2});
  numbers.ack_all();
  CHECK(numbers.pending().empty());
  CHECK(numbers->heard_ == Texts{"activate", "ack 1", "fail 0 no at 5, final", "ack 2"});
  CHECK_THROWS_WITH_AS(numbers.ack(1), "Numbers: no tracked emit with id 1 is pending", TestFailure);
  CHECK_THROWS_AS(numbers.fail(7, "x"), TestFailure);
}

TEST_CASE("A spout that replays by itself hears of each attempt, as the test says") {
  Harness<Numbers> numbers({{"mine", true}});
  numbers.run();
  CHECK(numbers.emitted()[0].replay == Replay::spout);
  numbers.fail(0, "timed out");
  numbers.fail(1, "timed out", {.attempt = 3, .final = true});
  CHECK(numbers->heard_ == Texts{"activate", "fail 0 timed out at 1", "fail 1 timed out at 3, final"});
}

TEST_CASE("A deactivated spout hears acks, but is not asked") {
  Harness<Numbers> numbers;
  numbers.next();
  numbers.deactivate();
  CHECK_THROWS_WITH_AS(numbers.next(), "Numbers: it is deactivated, so next() is not called", TestFailure);
  numbers.advance(std::chrono::seconds(1));
  CHECK(numbers.emitted().size() == 1);
  numbers.ack(0);
  numbers.activate();
  numbers.next();
  CHECK(numbers->heard_ == Texts{"activate", "deactivate", "ack 0", "activate"});
}

TEST_CASE("A throw in next() reaches the test, takes back its emits, and it is asked again") {
  Harness<Numbers> numbers({{"bad", 1}});
  CHECK_THROWS_WITH_AS(numbers.run(), "cannot read", Thrown);
  CHECK(numbers.emitted() == Rows{{0}});
  CHECK(numbers.pending() == std::vector<MessageId>{0});
  CHECK(numbers.run() == Said::finished);
  CHECK(numbers.emitted() == Rows{{0}, {1}, {2}});
}

TEST_CASE("A throw in fail() reaches the test, with the call it was in") {
  Harness<Numbers> numbers;
  numbers.run();
  try {
    numbers.fail(0, "throw");
    FAIL("nothing was thrown");
  } catch (const Thrown& thrown) {
    CHECK(thrown.call() == "fail");
    CHECK(std::string(thrown.what()) == "cannot bear it");
  }
}

TEST_CASE("No more than so many tracked emits are pending") {
  Harness<Numbers> numbers({{"count", 5}}, {.max_pending = 2});
  CHECK(numbers.run() == Said::emitted);
  CHECK(numbers.emitted().size() == 2);
  CHECK_THROWS_AS(numbers.next(), TestFailure);
  numbers.ack(0);
  numbers.run();
  CHECK(numbers.emitted().size() == 3);
}

class Endless final : public Spout {
 public:
  void describe(Describe& d) override { d.emits({}); }
  Next next(SpoutCollector& out) override {
    out.emit();
    return Next::emitted();
  }
};

TEST_CASE("A spout that never idles ends a test rather than hanging it") {
  Harness<Endless> endless;
  CHECK_THROWS_WITH_AS(endless.run(1000),
                       "Endless: run(): next() still says that it emitted, after as many calls as the limit",
                       TestFailure);
  CHECK(endless.emitted().size() == 1000);
}

}  // namespace
}  // namespace gale::testkit::test
