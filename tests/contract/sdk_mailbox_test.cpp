// SPDX-License-Identifier: Apache-2.0
//
// Contract 6 and 15: other threads reach a task by its mailbox, which is bounded and closes.
#include "tests/support/fake_host.hpp"

#include <atomic>
#include <chrono>
#include <functional>
#include <thread>

using namespace gale;
using namespace gale::test;

namespace {

Mailbox box;
std::function<void()> on_tick, on_close;

class Posting final : public Bolt {
 public:
  void describe(Describe& d) override { d.emits({"v"}); }
  void open(Context& context) override { box = context.mailbox(); }
  void execute(const Tuple& tuple, Collector& out) override { out.ack(tuple); }
  void tick(TimePoint, Collector&) override { on_tick(); }
  void close() override {
    if (on_close) on_close();
  }
};

struct Fixture {
  FakeHost host{component_of<Posting>()};
  Fixture() { host.started(); }
  ~Fixture() {
    box = Mailbox();
    on_close = nullptr;
  }
};

template <class F>
bool within_seconds(F done) {
  const auto deadline = std::chrono::steady_clock::now() + std::chrono::seconds(20);
  while (!done()) {
    if (std::chrono::steady_clock::now() > deadline) return false;
    std::this_thread::yield();
  }
  return true;
}

constexpr std::size_t kMost = detail::JobQueue::kMost;

}  // namespace

TEST_CASE_FIXTURE(Fixture, "A posted job runs on the turn, in order, and emits without an anchor") {
  std::thread([] {
    for (int i = 0; i < 3; ++i) CHECK(box.post([i](Collector& out) { out.emit(i); }));
  }).join();
  CHECK(host.wakes == 3);
  CHECK(host.records.empty());
  CHECK(host.posted());
  CHECK(host.emitted() == std::vector<Cells>{{0}, {1}, {2}});
  CHECK(host.records[0].head.anchor == GALE_ANCHOR_NONE);
}

TEST_CASE_FIXTURE(Fixture, "A job that throws leaves nothing; the others run, and the first text is told") {
  box.post([](Collector& out) { out.emit("one"); });
  box.post([](Collector& out) {
    out.emit(std::string(10'000, 'x'));
    throw Error("first");
  });
  box.post([](Collector&) { throw Error("second"); });
  box.post([](Collector& out) { out.emit("four"); });
  const host::Status status = host.posted();
  CHECK(status.code == GALE_THROWN);
  CHECK(status.text == "first");
  CHECK(host.emitted() == std::vector<Cells>{{"one"}, {"four"}});
}

TEST_CASE_FIXTURE(Fixture, "Jobs stop when the host wants it, and the rest runs later") {
  for (int i = 0; i < 3; ++i) box.post([i](Collector& out) { out.emit(i); });
  host.set_stop(true);
  CHECK(host.posted());
  CHECK(host.emitted().size() == 1);
  CHECK(host.wakes == 4);  // it asks to be called again
  host.set_stop(false);
  CHECK(host.posted());
  CHECK(host.emitted().size() == 3);
}

TEST_CASE_FIXTURE(Fixture, "A full mailbox makes a poster wait until a job has run") {
  for (std::size_t i = 0; i < kMost; ++i) REQUIRE(box.post([](Collector&) {}));
  std::atomic<bool> begun = false, posted = false;
  std::thread poster([&] {
    begun = true;
    posted = box.post([](Collector& out) { out.emit("waited"); });
  });
  REQUIRE(within_seconds([&] { return begun.load(); }));
  CHECK_FALSE(posted);
  CHECK(within_seconds([&] {
    host.posted();
    return posted.load();
  }));
  poster.join();
  host.posted();
  CHECK(host.emitted() == std::vector<Cells>{{"waited"}});
}

TEST_CASE_FIXTURE(Fixture, "The task's own turn does not wait for itself: not in a call, not in a job") {
  for (std::size_t i = 0; i < kMost; ++i) REQUIRE(box.post([](Collector&) {}));
  int accepted = 0;
  on_tick = [&] {
    accepted +=
        box.post([&](Collector&) { accepted += box.post([](Collector& out) { out.emit("from a job"); }) ? 1 : 0; });
  };
  CHECK(host.tick());
  CHECK(accepted == 1);  // one more than the bound
  on_tick = [&] { accepted += box.post([](Collector&) {}) ? 1 : 0; };
  CHECK(host.tick());
  CHECK(host.posted());
  CHECK(accepted == 3);
  CHECK(host.emitted() == std::vector<Cells>{{"from a job"}});
}

TEST_CASE_FIXTURE(Fixture, "close releases those who wait, and post says false from then on") {
  for (std::size_t i = 0; i < kMost; ++i) REQUIRE(box.post([](Collector&) {}));
  std::atomic<int> answer = -1;
  std::thread poster([&] { answer = box.post([](Collector&) {}) ? 1 : 0; });
  on_close = [&] { poster.join(); };  // as a component that joins its threads
  CHECK(host.instance().close());
  CHECK(answer == 0);
  const std::size_t wakes = host.wakes;
  CHECK_FALSE(box.post([](Collector&) {}));
  host.destroy();
  CHECK_FALSE(box.post([](Collector&) {}));
  CHECK(host.wakes == wakes);
  CHECK_FALSE(Mailbox().post([](Collector&) {}));
}

TEST_CASE_FIXTURE(Fixture, "Jobs that never ran are destroyed at close") {
  auto alive = std::make_shared<int>(1);
  box.post([alive](Collector&) {});
  CHECK(alive.use_count() == 2);
  CHECK(host.instance().close());
  CHECK(alive.use_count() == 1);
}

TEST_CASE_FIXTURE(Fixture, "Many threads post while the task runs and closes; each job runs or is refused") {
  std::atomic<int> accepted = 0, ran = 0, refused = 0;
  std::vector<std::thread> threads;
  for (int t = 0; t < 4; ++t) {
    threads.emplace_back([&] {
      for (int i = 0; i < 5000; ++i) (box.post([&](Collector&) { ++ran; }) ? accepted : refused)++;
    });
  }
  CHECK(within_seconds([&] {
    host.posted();
    return ran.load() > 1000;
  }));
  host.posted();
  const int before = ran;
  CHECK(host.instance().close());
  for (std::thread& t : threads) t.join();
  CHECK(accepted + refused == 20'000);
  CHECK(ran == before);
  CHECK(ran <= accepted);
}
