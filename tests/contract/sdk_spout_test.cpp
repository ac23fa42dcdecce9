// SPDX-License-Identifier: Apache-2.0
//
// Contract 2, 7, 9, 12 and 13 for spouts: budgets, what next() says, completions.
#include "tests/support/fake_host.hpp"

#include <functional>

using namespace gale;
using namespace gale::test;

namespace {

std::function<Next(SpoutCollector&)> body;
std::function<void(MessageId)> on_ack;
std::function<void(const Failure&)> on_fail;
Stream side;

class Scripted final : public Spout {
 public:
  void describe(Describe& d) override {
    d.emits({"v"});
    d.stream("side", side, {"w"});
  }
  Next next(SpoutCollector& out) override { return body(out); }
  void ack(MessageId id) override { on_ack(id); }
  void fail(const Failure& f) override { on_fail(f); }
};

struct Fixture {
  FakeHost host{component_of<Scripted>()};
  int calls = 0;
  Fixture() {
    host.started();
    body = [this](SpoutCollector& out) {
      ++calls;
      out.emit({.id = static_cast<MessageId>(calls)}, calls);
      return Next::emitted();
    };
  }
};

}  // namespace

TEST_CASE_FIXTURE(Fixture, "A tracked emit carries its id and who replays it; an untracked one neither") {
  body = [](SpoutCollector& out) {
    out.emit("plain");
    out.emit({.id = 7}, "engine");
    out.emit({.id = 8, .replay = Replay::spout}, "spout");
    out.emit(side, {.id = 9}, "side");
    out.on(side).emit("side, plain");
    return Next::emitted();
  };
  CHECK(host.next());
  REQUIRE(host.records.size() == 5);
  CHECK(host.records[0].head.flags == 0);
  CHECK(host.records[0].head.anchor == GALE_ANCHOR_NONE);
  CHECK(host.records[1].head.flags == (GALE_TRACKED | GALE_REPLAY_BY_ENGINE));
  CHECK(host.records[1].id == 7);
  CHECK(host.records[2].head.flags == GALE_TRACKED);
  CHECK(host.records[2].id == 8);
  CHECK(host.records[3].head.stream == 1);
  CHECK(host.records[3].id == 9);
  CHECK(host.records[4].head.stream == 1);
}

TEST_CASE_FIXTURE(Fixture, "next is called as often as the turn allows") {
  CHECK(host.next(5));
  CHECK(calls == 5);
  CHECK(host.last_run.calls == 5);
  CHECK(host.last_run.state == GALE_NEXT_EMITTED);
  CHECK(host.emitted().size() == 5);
}

TEST_CASE_FIXTURE(Fixture, "next is not called once the turn's tracked emits are begun") {
  CHECK(host.next(100, 3));
  CHECK(calls == 3);
}

TEST_CASE_FIXTURE(Fixture, "With a budget of 0 next is not called at all") {
  CHECK(host.next(100, 0));
  CHECK(calls == 0);
  CHECK(host.last_run.calls == 0);
  CHECK(host.next(0, 100));
  CHECK(calls == 0);
}

TEST_CASE_FIXTURE(Fixture, "The surplus of one next is written all the same") {
  body = [](SpoutCollector& out) {
    for (MessageId id = 0; id < 10; ++id) out.emit({.id = id}, "v");
    return Next::emitted();
  };
  CHECK(host.next(100, 3));
  CHECK(host.emitted().size() == 10);
  CHECK(host.last_run.calls == 1);
}

TEST_CASE_FIXTURE(Fixture, "Untracked emits use no budget but the count of calls") {
  body = [](SpoutCollector& out) {
    out.emit(1);
    return Next::emitted();
  };
  CHECK(host.next(20, 1));
  CHECK(host.emitted().size() == 20);
}

TEST_CASE_FIXTURE(Fixture, "A next that emitted nothing is told apart, so that it is retried later") {
  body = [](SpoutCollector&) { return Next::emitted(); };
  CHECK(host.next(10));
  CHECK(host.last_run.state == GALE_NEXT_EMPTY);
  CHECK(host.last_run.calls == 1);
}

TEST_CASE_FIXTURE(Fixture, "An emit on a declared stream, or one that filled the room, is an emit") {
  body = [](SpoutCollector& out) {
    out.on(side).emit(1);
    return Next::emitted();
  };
  CHECK(host.next(2));
  CHECK(host.last_run.state == GALE_NEXT_EMITTED);
  for (std::size_t size = 1; size < 300; ++size) {  // whatever the place where the room ends
    body = [size](SpoutCollector& out) {
      out.emit(std::string(size, 'x'));
      return Next::emitted();
    };
    CHECK(host.next(4));
    REQUIRE(host.last_run.calls == 4);
  }
}

TEST_CASE_FIXTURE(Fixture, "next says how long it has nothing, and is not called again in the turn") {
  body = [&](SpoutCollector&) {
    ++calls;
    return Next::idle_until(TimePoint(std::chrono::nanoseconds(500)));
  };
  CHECK(host.next(10));
  CHECK(host.last_run.state == GALE_NEXT_UNTIL);
  CHECK(host.last_run.until_ns == 500);
  body = [&](SpoutCollector&) { return ++calls, Next::idle_until_woken(); };
  CHECK(host.next(10));
  CHECK(host.last_run.state == GALE_NEXT_WOKEN);
  body = [&](SpoutCollector& out) {
    ++calls;
    out.emit("last");
    return Next::finished();
  };
  CHECK(host.next(10));
  CHECK(host.last_run.state == GALE_NEXT_FINISHED);
  CHECK(host.emitted() == std::vector<Cells>{{"last"}});
  CHECK(calls == 3);
}

TEST_CASE_FIXTURE(Fixture, "A run of next ends after the call during which stop was set") {
  body = [&](SpoutCollector& out) {
    if (++calls == 4) host.set_stop(true);
    out.emit(calls);
    return Next::emitted();
  };
  CHECK(host.next(100));
  CHECK(calls == 4);
  CHECK(host.emitted().size() == 4);
}

TEST_CASE_FIXTURE(Fixture, "A next that throws leaves nothing of its own and ends the run") {
  body = [&](SpoutCollector& out) {
    ++calls;
    for (int i = 0; i < 100; ++i) out.emit({.id = 1}, std::string(100, 'x'));
    if (calls == 3) throw Error("the source is gone");
    return Next::emitted();
  };
  const host::Status status = host.next(100);
  CHECK(status.code == GALE_THROWN);
  CHECK(status.text == "the source is gone");
  CHECK(host.last_run.calls == 3);
  CHECK(host.emitted().size() == 200);
}

TEST_CASE_FIXTURE(Fixture, "An emit with the wrong number of values is a throw of next") {
  body = [](SpoutCollector& out) {
    out.emit({.id = 1}, 1, 2);
    return Next::emitted();
  };
  CHECK(host.next().text == "emit of 2 values to stream 'default', which has 1 fields");
  CHECK(host.records.empty());
}

TEST_CASE_FIXTURE(Fixture, "Completions reach ack and fail; one that throws hides no other") {
  std::vector<std::string> told;
  on_ack = [&](MessageId id) {
    told.push_back("ack " + std::to_string(id));
    if (id == 1) throw Error("ack failed");
  };
  on_fail = [&](const Failure& f) {
    told.push_back("fail " + std::to_string(f.id) + " " + std::string(f.reason) + " " + std::to_string(f.attempt) +
                   (f.final ? " final" : ""));
    if (f.id == 2) throw Error("fail failed");
  };
  const gale_completion all[] = {{1, 1, 1, 0, 0, {"", 0}},
                                 {2, 0, 3, 0, 0, {"timed out", 9}},
                                 {3, 0, 5, 1, 0, {"bad", 3}},
                                 {4, 1, 1, 0, 0, {"", 0}}};
  const host::Status status = host.instance().completed(all);
  CHECK(status.text == "ack failed");
  CHECK(told == std::vector<std::string>{"ack 1", "fail 2 timed out 3", "fail 3 bad 5 final", "ack 4"});
}
