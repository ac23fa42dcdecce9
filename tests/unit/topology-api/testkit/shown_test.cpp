// SPDX-License-Identifier: Apache-2.0
//
// The code that topology-api/testkit/README.md shows: readme_test.cpp holds the page against this file, word for word.
#include <doctest/doctest.h>
#include <gale/testkit.hpp>

#include <chrono>
#include <cstdlib>
#include <string>

using gale::testkit::Harness, gale::testkit::Rows, gale::testkit::Said, gale::testkit::State;
using namespace std::chrono_literals;

// Reads limits, fails what is above, holds the rest for a second.
class Hold final : public gale::Bolt {
 public:
  void describe(gale::Describe& d) override {
    d.key("limit", limit_, "The largest amount that passes.");
    d.reads(amount_, "amount");
    d.emits({"amount"});
    d.tick_every(1s);
  }
  void open(gale::Context& context) override {
    if (limit_ <= 0) throw gale::Error("key 'limit' must be above 0");
    held_count_ = context.counter("held");
  }
  void execute(const gale::Tuple& tuple, gale::Collector& out) override {
    if (tuple.get(amount_) > limit_) return out.fail(tuple, "above the limit");
    held_.push_back(tuple.keep());
    held_count_.add();
  }
  void tick(gale::TimePoint, gale::Collector& out) override {
    for (gale::KeptTuple& one : held_) {
      out.from(one).emit(one.get(amount_));
      out.ack(std::move(one));
    }
    held_.clear();
  }

 private:
  std::int64_t limit_ = 100;
  gale::Field<std::int64_t> amount_;
  std::vector<gale::KeptTuple> held_;
  gale::Counter held_count_;
};

TEST_CASE("Amounts are held until the tick, and anchored to what they were") {
  Harness<Hold> hold({{"limit", 50}});
  const auto small = hold.execute({20});
  const auto large = hold.execute({70});
  CHECK(small == State::kept);
  CHECK(large.reason() == "above the limit");

  hold.advance(1s);
  CHECK(hold.emitted() == Rows{{20}});
  CHECK(hold.emitted()[0].anchors == gale::testkit::Inputs{small});
  CHECK(small == State::acked);
  CHECK(hold.counter("held") == 1);
  hold.close();
}

TEST_CASE("A limit that cannot be is refused") {
  CHECK(gale::testkit::refusal<Hold>({{"limit", 0}}) == "key 'limit' must be above 0");
}

TEST_CASE("A built plugin is tested like a class") {
  const gale::testkit::Plugin plugin(std::getenv("GALE_BUILD") + std::string("/plugins/rate.so"));
  Harness numbers(plugin["Spout"], {{"per_second", 2.0}, {"count", 3}});
  CHECK(numbers.run() == Said::idle_until);
  numbers.advance(2s);
  CHECK(numbers.emitted() == Rows{{0}, {1}, {2}});
  CHECK(numbers.said() == Said::finished);
  numbers.fail(1, "no route");
  numbers.ack_all();
}

TEST_CASE("Inputs have names") {
  Harness<Hold> hold({}, {.inputs = {{"orders", "default", {"id", "amount"}}, {"refunds", "late", {"amount"}}}});
  hold.execute("orders", {7, 20});
  hold.execute("orders", gale::testkit::Fields{{"amount", 30}, {"id", 8}});
  hold.execute("refunds", {40});
  CHECK(hold.kept().size() == 3);
  hold.abandon_kept();
}
