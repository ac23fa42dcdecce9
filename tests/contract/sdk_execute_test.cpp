// SPDX-License-Identifier: Apache-2.0
//
// Contract 5, 11, 12 and 13: verdicts, all or nothing, and when a run ends.
#include "tests/support/fake_host.hpp"

#include <functional>

using namespace gale;
using namespace gale::test;

namespace {

using Body = std::function<void(const Tuple&, Collector&)>;
Body body;

class Careful final : public Bolt {
 public:
  void describe(Describe& d) override { d.emits({"v"}); }
  void execute(const Tuple& tuple, Collector& out) override { body(tuple, out); }
  void tick(TimePoint now, Collector& out) override {
    out.emit(static_cast<std::int64_t>(now.time_since_epoch().count()));
    if (now.time_since_epoch().count() == 13) throw Error("tick is unlucky");
  }
  bool finish(Collector& out) override {
    out.emit("last");
    if (++finishes_ == 3) throw Error("finish is tired");
    return finishes_ == 2;
  }

 private:
  int finishes_ = 0;
};

class Basic final : public BasicBolt {
 public:
  void describe(Describe& d) override { d.emits({"v"}); }
  void execute(const Tuple& tuple, Collector& out) override { body(tuple, out); }
};

std::vector<Cells> numbers(int n) {
  std::vector<Cells> rows;
  for (int i = 0; i < n; ++i) rows.push_back({i});
  return rows;
}

constexpr std::uint8_t kNone = GALE_VERDICT_NONE, kAcked = GALE_VERDICT_ACKED, kFailed = GALE_VERDICT_FAILED,
                       kKept = GALE_VERDICT_KEPT;

}  // namespace

TEST_CASE("Each input gets the verdict that user code gave, and none when it forgot") {
  std::vector<KeptTuple> kept;
  body = [&](const Tuple& tuple, Collector& out) {
    switch (tuple.get<int>(0)) {
      case 0:
        return out.ack(tuple);
      case 1:
        return out.fail(tuple, "bad input");
      case 2:
        return kept.push_back(tuple.keep());
      default:
        return;
    }
  };
  FakeHost host(component_of<Careful>());
  host.started().execute(numbers(4));
  CHECK(host.verdicts == std::vector<std::uint8_t>{kAcked, kFailed, kKept, kNone});
  REQUIRE(host.records.size() == 1);
  CHECK(host.records[0].head.anchor == 1);
  CHECK(host.records[0].handle == 0);
  CHECK(host.records[0].head.flags == 0);
  CHECK(host.fails() == std::vector<std::string>{"bad input"});
  host.destroy();
}

TEST_CASE("A BasicBolt acks by itself, unless the tuple was failed or kept") {
  std::vector<KeptTuple> kept;
  body = [&](const Tuple& tuple, Collector& out) {
    const int n = tuple.get<int>(0);
    out.emit(n);
    if (n == 1) out.fail(tuple, "no");
    if (n == 2) kept.push_back(tuple.keep());
    if (n == 3) throw Error("thrown");
  };
  FakeHost host(component_of<Basic>());
  host.started().execute(numbers(5));
  CHECK(host.verdicts == std::vector<std::uint8_t>{kAcked, kFailed, kKept, kFailed, kAcked});
  CHECK(host.emitted() == std::vector<Cells>{{0}, {1}, {2}, {4}});
  CHECK(host.misuse() == 0);
  host.destroy();
}

TEST_CASE("fail() drops nothing of what the call emits, before or after it") {
  body = [](const Tuple& tuple, Collector& out) {
    out.emit("before");
    out.fail(tuple, "no");
    out.unanchored().emit("after");
  };
  FakeHost host(component_of<Careful>());
  host.started().execute(numbers(1));
  CHECK(host.emitted() == std::vector<Cells>{{"before"}, {"after"}});
}

TEST_CASE("A throw fails its input alone, with its text, whatever is thrown") {
  body = [](const Tuple& tuple, Collector& out) {
    const int n = tuple.get<int>(0);
    if (n == 1) throw Error("one is bad");
    if (n == 2) throw 42;
    if (n == 3) throw std::runtime_error(std::string(5000, 'x'));
    out.emit(n);
    out.ack(tuple);
  };
  FakeHost host(component_of<Careful>());
  CHECK(host.started().execute(numbers(5)).code == GALE_OK);
  CHECK(host.verdicts == std::vector<std::uint8_t>{kAcked, kFailed, kFailed, kFailed, kAcked});
  CHECK(host.emitted() == std::vector<Cells>{{0}, {4}});
  CHECK(host.fails() ==
        std::vector<std::string>{"one is bad", "threw something that is no std::exception", std::string(1024, 'x')});
}

TEST_CASE("What a call wrote before it threw does not leave: 3 KB, 1 MB or 100 MB") {
  for (const std::size_t bytes : {std::size_t{3'000}, std::size_t{1'000'000}, std::size_t{100'000'000}}) {
    CAPTURE(bytes);
    const std::string part(bytes / 100, 'p');
    body = [&](const Tuple& tuple, Collector& out) {
      const int n = tuple.get<int>(0);
      out.emit(n);
      if (n == 1) {
        for (int i = 0; i < 100; ++i) out.emit(part);
        out.ack(tuple);
        throw Error("after all that");
      }
      out.ack(tuple);
    };
    FakeHost host(component_of<Careful>(), task_with({"n"}), 4096);
    host.started().execute(numbers(3));
    CHECK(host.verdicts == std::vector<std::uint8_t>{kAcked, kFailed, kAcked});
    CHECK(host.emitted() == std::vector<Cells>{{0}, {2}});
    CHECK(host.fails() == std::vector<std::string>{"after all that"});
  }
}

TEST_CASE("A call that returned stays, however much it wrote, when the next one throws") {
  for (const std::size_t size : {std::size_t{1}, std::size_t{150}, std::size_t{5000}}) {
    CAPTURE(size);
    const std::string part(size, 'p');
    body = [&](const Tuple& tuple, Collector& out) {
      for (int i = 0; i < 3; ++i) out.emit(part);
      if (tuple.get<int>(0) % 2 == 1) throw Error("odd");
      out.ack(tuple);
    };
    FakeHost host(component_of<Careful>());
    host.started().execute(numbers(6));
    CHECK(host.emitted() == std::vector<Cells>(9, {part}));
    CHECK(host.fails().size() == 3);
  }
}

TEST_CASE("A fail is replaced by the throw that follows it, so an input fails once") {
  body = [](const Tuple& tuple, Collector& out) {
    out.fail(tuple, "first");
    throw Error("second");
  };
  FakeHost host(component_of<Careful>());
  host.started().execute(numbers(1));
  CHECK(host.verdicts[0] == kFailed);
  CHECK(host.fails() == std::vector<std::string>{"second"});
}

TEST_CASE("A run ends at its limit, and goes on where it ended") {
  body = [](const Tuple& tuple, Collector& out) {
    out.emit(tuple.get<int>(0));
    out.ack(tuple);
  };
  FakeHost host(component_of<Careful>());
  host.started().begin_batch(numbers(7));
  REQUIRE(host.run(3));
  CHECK(host.first() == 3);
  REQUIRE(host.run(0));
  CHECK(host.first() == 3);
  REQUIRE(host.run(100));
  CHECK(host.first() == 7);
  CHECK(host.emitted() == numbers(7));
}

TEST_CASE("A run ends after the execute during which stop was set, and room() tells user code") {
  FakeHost host(component_of<Careful>());
  std::vector<bool> room;
  body = [&](const Tuple& tuple, Collector& out) {
    room.push_back(out.room());
    if (tuple.get<int>(0) == 2) host.set_stop(true);
    room.push_back(out.room());
    out.emit(tuple.get<int>(0));
    out.ack(tuple);
  };
  host.started().begin_batch(numbers(5));
  REQUIRE(host.run(100));
  CHECK(host.first() == 3);
  CHECK(room == std::vector<bool>{true, true, true, true, true, false});
  host.set_stop(false);
  REQUIRE(host.run(100));
  CHECK(host.first() == 5);
}

TEST_CASE("A tick emits without an anchor, and one that throws leaves nothing") {
  FakeHost host(component_of<Careful>());
  host.started();
  CHECK(host.tick(7));
  CHECK(host.records.at(0).head.anchor == GALE_ANCHOR_NONE);
  CHECK(host.emitted() == std::vector<Cells>{{7}});
  const host::Status status = host.tick(13);
  CHECK(status.code == GALE_THROWN);
  CHECK(status.text == "tick is unlucky");
  CHECK(host.emitted().size() == 1);
}

TEST_CASE("finish is called until it has said all, and one that throws leaves nothing") {
  FakeHost host(component_of<Careful>());
  host.started();
  bool done = true;
  CHECK(host.finish(done));
  CHECK_FALSE(done);
  CHECK(host.finish(done));
  CHECK(done);
  CHECK(host.emitted().size() == 2);
  CHECK(host.records[0].head.anchor == GALE_ANCHOR_NONE);
  CHECK(host.finish(done).text == "finish is tired");
  CHECK(host.emitted().size() == 2);
}
