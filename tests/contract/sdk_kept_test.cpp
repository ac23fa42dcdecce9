// SPDX-License-Identifier: Apache-2.0
//
// Contract 5 and 6: tuples taken out of execute, and settled on whatever thread.
#include "tests/support/fake_host.hpp"

#include <algorithm>
#include <functional>
#include <optional>
#include <thread>

using namespace gale;
using namespace gale::test;

namespace {

std::function<void(const Tuple&, Collector&)> body;
std::function<void(Collector&)> on_tick;

class Keeper final : public Bolt {
 public:
  void describe(Describe& d) override { d.emits({"v"}); }
  void execute(const Tuple& tuple, Collector& out) override { body(tuple, out); }
  void tick(TimePoint, Collector& out) override { on_tick(out); }
};

struct Fixture {
  FakeHost host{component_of<Keeper>()};
  std::vector<KeptTuple> kept;
  Fixture() {
    host.started();
    body = [this](const Tuple& tuple, Collector&) { kept.push_back(tuple.keep()); };
  }
};

}  // namespace

TEST_CASE_FIXTURE(Fixture, "A kept tuple has its own bytes, and knows where it came from") {
  host.execute({{"the batch goes away"}, {"second"}});
  CHECK(host.kept() == 2);
  CHECK(kept[0].get<std::string_view>(0) == "the batch goes away");
  CHECK(kept[1].get<std::string>("n") == "second");
  CHECK(kept[0].source() == "orders");
  on_tick = [&](Collector& out) {
    for (KeptTuple& k : kept) {
      out.from(k).emit(k.get<std::string_view>(0));
      out.ack(std::move(k));
    }
  };
  CHECK(host.tick());
  CHECK(host.emitted() == std::vector<Cells>{{"the batch goes away"}, {"second"}});
  CHECK(host.kept() == 0);
  CHECK(host.wakes == 0);  // settled on the turn: nothing was posted
}

TEST_CASE_FIXTURE(Fixture, "A kept tuple is touched on the turn or from elsewhere, until it is settled") {
  host.execute({{1}});
  const auto touches = [&] {
    return std::count_if(host.records.begin(), host.records.end(),
                         [](const Record& r) { return r.head.kind == GALE_TOUCH; });
  };
  on_tick = [&](Collector& out) { out.touch(kept[0]); };
  CHECK(host.tick());
  CHECK(touches() == 1);
  std::thread([&] { kept[0].touch(); }).join();
  CHECK(host.wakes == 1);
  CHECK(host.posted());
  CHECK(touches() == 2);
  on_tick = [&](Collector& out) {
    KeptTuple gone = std::move(kept[0]);
    out.ack(std::move(gone));
    out.touch(gone);
  };
  CHECK(host.tick());
  CHECK(touches() == 2);
  CHECK(host.misuse() == 1);
  kept[0].touch();  // moved from: nothing
}

TEST_CASE_FIXTURE(Fixture, "A kept tuple may be failed on the turn, with a reason") {
  host.execute({{1}});
  on_tick = [&](Collector& out) { out.fail(std::move(kept[0]), "expired"); };
  CHECK(host.tick());
  CHECK(host.fails() == std::vector<std::string>{"expired"});
  CHECK(host.kept() == 0);
}

TEST_CASE_FIXTURE(Fixture, "Another thread acks and fails kept tuples; the records come on the task's turn") {
  host.execute({{1}, {2}});
  std::thread([&] {
    std::move(kept[0]).ack();
    std::move(kept[1]).fail("the service is down");
  }).join();
  CHECK_FALSE(kept[0].unsettled());
  CHECK(host.wakes == 2);
  CHECK(host.records.empty());
  CHECK(host.posted());
  REQUIRE(host.records.size() == 2);
  CHECK(host.records[0].head.kind == GALE_ACK);
  CHECK(host.records[1].text == "the service is down");
  CHECK(host.kept() == 0);
}

TEST_CASE_FIXTURE(Fixture, "A kept tuple that is destroyed unsettled fails as forgotten") {
  host.execute({{1}});
  kept.clear();
  CHECK(host.posted());
  CHECK(host.fails() == std::vector<std::string>{"forgotten: a kept tuple was destroyed without ack or fail"});
}

TEST_CASE_FIXTURE(Fixture, "Moving a kept tuple settles nothing; moving over one forgets it") {
  host.execute({{1}, {2}});
  KeptTuple a = std::move(kept[0]);
  KeptTuple b = std::move(kept[1]);
  a = std::move(b);
  CHECK(a.get<int>(0) == 2);
  CHECK(host.posted());
  CHECK(host.fails().size() == 1);
  CHECK(host.kept() == 1);
  std::move(a).ack();
  CHECK(host.posted());
  CHECK(host.kept() == 0);
}

TEST_CASE_FIXTURE(Fixture, "A kept tuple settled after the task is gone does nothing") {
  host.execute({{1}, {2}, {3}});
  CHECK(host.instance().close());
  std::move(kept[0]).ack();
  host.destroy();
  std::move(kept[1]).fail("late");
  kept.clear();
  CHECK(host.wakes == 0);
  CHECK(host.kept() == 3);  // the host's to fail
}

TEST_CASE_FIXTURE(Fixture, "A tuple is kept once, and not after it was settled") {
  body = [&](const Tuple& tuple, Collector& out) {
    if (tuple.get<int>(0) == 2) {
      out.ack(tuple);
      return void(tuple.keep());
    }
    kept.push_back(tuple.keep());
    kept.push_back(tuple.keep());
  };
  host.execute({{1}, {2}});
  CHECK(host.fails() == std::vector<std::string>(2, "keep() of a tuple that is already acked, failed or kept"));
  kept.clear();
}

TEST_CASE_FIXTURE(Fixture, "keep() without room in the host fails the input") {
  host.most_kept = 1;
  host.execute({{1}, {2}});
  CHECK(host.verdicts == std::vector<std::uint8_t>{GALE_VERDICT_KEPT, GALE_VERDICT_FAILED});
  CHECK(host.fails() == std::vector<std::string>{"keep(): the host has no room"});
}

TEST_CASE_FIXTURE(Fixture, "Kept tuples that a throwing call had settled fail: nobody holds them any more") {
  host.execute({{1}, {2}, {3}});
  on_tick = [&](Collector& out) {
    out.ack(std::move(kept[0]));
    out.fail(std::move(kept[1]), "no");
    throw Error("then it threw");
  };
  CHECK(host.tick().text == "then it threw");
  CHECK(host.fails() == std::vector<std::string>(2, "the call that settled it threw"));
  CHECK(host.kept() == 1);
  body = [&](const Tuple&, Collector& out) {
    out.ack(std::move(kept[2]));
    throw Error("in execute");
  };
  host.execute({{4}});
  CHECK(host.kept() == 0);
  CHECK(host.fails().size() == 4);
  CHECK(host.fails()[2] == "in execute");
  CHECK(host.fails()[3] == "in execute");
}

TEST_CASE_FIXTURE(Fixture, "What one call settled is not failed by the throw of a later one") {
  host.execute({{1}});
  body = [&](const Tuple& tuple, Collector& out) {
    if (tuple.get<int>(0) == 2) {
      out.ack(std::move(kept[0]));
      return out.ack(tuple);
    }
    throw Error("later");
  };
  host.execute({{2}, {3}});
  REQUIRE(host.records.size() == 2);
  CHECK(host.records[0].head.kind == GALE_ACK);
  CHECK(host.fails() == std::vector<std::string>{"later"});
}
