// SPDX-License-Identifier: Apache-2.0
#include "gale/testkit/wakeups.hpp"

#include "components.hpp"

#include <doctest/doctest.h>
#include <fcntl.h>
#include <unistd.h>

#include <array>
#include <thread>

namespace gale::testkit::test {
namespace {

using namespace std::chrono_literals;

TEST_CASE_FIXTURE(Fixture, "What was posted runs before and after each call") {
  Harness<Scripted> bolt;
  const Mailbox box = bolt->context_->mailbox();
  std::thread([&] { CHECK(box.post([](Collector& out) { out.emit("job"); })); }).join();
  script().execute = [&](const Tuple& tuple, Collector& out) {
    out.emit("tuple");
    box.post([](Collector& after) { after.emit("after"); });
    out.ack(tuple);
  };
  bolt.execute({1});
  CHECK(bolt.emitted() == Rows{{"job"}, {"tuple"}, {"after"}});
}

TEST_CASE_FIXTURE(Fixture, "A test may look before what was posted runs") {
  Harness<Scripted> bolt;
  keep(bolt);
  const Input input = bolt.execute({1});
  bolt.hold_posted();
  std::move(bolt->kept_[0]).fail("the service is down");
  bolt.advance(0ms);
  CHECK(input == State::kept);
  bolt.run_held();
  CHECK(input.reason() == "the service is down");
}

TEST_CASE_FIXTURE(Fixture, "Another thread settles a kept tuple, and the test waits for it") {
  Harness<Scripted> bolt;
  std::thread other;
  script().execute = [&](const Tuple& tuple, Collector&) {
    other = std::thread([kept = tuple.keep()]() mutable { std::move(kept).ack(); });
  };
  const Input input = bolt.execute({1});
  CHECK((input == State::acked || bolt.await()));
  CHECK(input == State::acked);
  other.join();
  CHECK_FALSE(bolt.await(0ms));
}

TEST_CASE_FIXTURE(Fixture, "A job that throws reaches the test, and the others run") {
  Harness<Scripted> bolt;
  const Mailbox box = bolt->context_->mailbox();
  box.post([](Collector& out) {
    out.emit(1);
    throw Error("cannot");
  });
  box.post([](Collector& out) { out.emit(2); });
  CHECK_THROWS_WITH_AS(bolt.run_posted(), "cannot", Thrown);
  CHECK(bolt.emitted() == Rows{{2}});
  bolt.close();
  CHECK_FALSE(box.post([](Collector&) {}));
}

TEST_CASE_FIXTURE(Fixture, "The log may be written from any thread") {
  Harness<Scripted> bolt;
  std::thread([&] { bolt->context_->warn("from ", 1, " elsewhere"); }).join();
  REQUIRE(bolt.logs().size() == 1);
  CHECK(bolt.logs()[0].text == "from 1 elsewhere");
  CHECK(bolt.logs()[0].level == Level::warn);
}

/// Emits what comes out of a pipe, and sleeps until it is readable or somebody wakes it.
class Reader final : public Spout {
 public:
  void describe(Describe& d) override { d.emits({"text"}); }
  void open(Context& context) override {
    if (::pipe2(pipe_.data(), O_NONBLOCK | O_CLOEXEC) != 0) throw Error("no pipe");
    context.watch_fd(pipe_[0]);
    waker_ = context.waker();
  }
  Next next(SpoutCollector& out) override {
    ++calls_;
    char room[100];
    const auto n = ::read(pipe_[0], room, sizeof room);
    if (n <= 0) return Next::idle_until_woken();
    out.emit(std::string_view(room, static_cast<std::size_t>(n)));
    return Next::emitted();
  }
  void close() override {
    for (const int fd : pipe_) ::close(fd);
  }
  void write(std::string_view text) const {
    CHECK(::write(pipe_[1], text.data(), text.size()) == static_cast<ssize_t>(text.size()));
  }

  int calls_ = 0;
  Waker waker_;

 private:
  std::array<int, 2> pipe_{-1, -1};
};

TEST_CASE("A spout is called when a descriptor that it watches is readable") {
  Harness<Reader> reader;
  CHECK(reader.run() == Said::idle_until_woken);
  CHECK(reader.watched().size() == 1);
  reader.advance(1h);
  CHECK(reader->calls_ == 1);
  CHECK_FALSE(reader.await(0ms));
  std::thread other([&] { reader->write("hello"); });
  CHECK(reader.await());
  other.join();
  CHECK(reader.emitted() == Rows{{"hello"}});
  CHECK(reader.said() == Said::idle_until_woken);
}

TEST_CASE("A waker makes a sleeping spout due") {
  Harness<Reader> reader;
  reader.run();
  std::thread([&] { reader->waker_.wake(); }).join();
  reader.advance(0ms);
  CHECK(reader->calls_ == 2);
  reader->waker_.wake();
  CHECK(reader.await());
  CHECK(reader->calls_ == 3);
}

/// Is woken while it says that it sleeps.
class Hasty final : public Spout {
 public:
  void describe(Describe& d) override { d.emits({"n"}); }
  void open(Context& context) override { waker_ = context.waker(); }
  Next next(SpoutCollector& out) override {
    if (++calls_ == 1) waker_.wake();
    if (calls_ == 2) out.emit(calls_);
    return calls_ == 2 ? Next::emitted() : Next::idle_until_woken();
  }

 private:
  Waker waker_;
  int calls_ = 0;
};

TEST_CASE("A wake that comes while next() runs is not lost") {
  Harness<Hasty> hasty;
  CHECK(hasty.run() == Said::idle_until_woken);
  CHECK(hasty.await(0ms));
  CHECK(hasty.emitted() == Rows{{2}});
  CHECK_FALSE(hasty.await(0ms));
}

class Blind final : public Bolt {
 public:
  void open(Context& context) override { context.watch_fd(-1); }
  void execute(const Tuple&, Collector&) override {}
};

TEST_CASE("What is no descriptor cannot be watched") { CHECK(refusal<Blind>() == "cannot watch file descriptor -1"); }

}  // namespace
}  // namespace gale::testkit::test
