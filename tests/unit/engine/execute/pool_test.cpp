// SPDX-License-Identifier: Apache-2.0
#include "engine/execute/pool.hpp"
#include "engine/execute/thread_name.hpp"
#include "tests/unit/engine/execute/fixtures.hpp"

#include <doctest/doctest.h>
#include <malloc.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include <filesystem>
#include <fstream>
#include <set>
#include <string>
#include <thread>
#include <utility>

namespace gale::execute {
namespace {

using std::chrono::milliseconds;

TEST_CASE("A wake runs the task once; a wake during its turn runs it again") {
  RunningPool running(2);
  Watch gate;
  bool inside = false, go = false;
  FunctionTask task([&](TimePoint) {
    gate.change([&] { inside = true; });
    gate.wait([&] { return go; });
    return Turn{};
  });
  running.pool.wake(task);
  REQUIRE(gate.wait([&] { return inside; }));
  for (int i = 0; i < 5; ++i) running.pool.wake(task);
  gate.change([&] { go = true; });
  CHECK(task.ran(2));
  CHECK_FALSE(task.ran(3, milliseconds(20)));
  running.pool.stop();
}

TEST_CASE("A task that says again runs again, and others run in between") {
  RunningPool running(1);
  std::atomic<int> left{1000};
  FunctionTask busy([&](TimePoint) { return Turn{--left > 0, TimePoint::max()}; });
  FunctionTask other;
  running.pool.wake(busy);
  running.pool.wake(other);
  CHECK(other.ran(1));
  CHECK(busy.ran(1000));
  CHECK_FALSE(busy.ran(1001, milliseconds(10)));
  running.pool.stop();
}

TEST_CASE("Many wakers and many tasks: no wake is lost, and no task runs on two threads at a time") {
  RunningPool running(4);
  constexpr int kTasks = 20, kWakers = 4, kEach = 5000;
  struct Cell {
    std::atomic<int> given{0}, inside{0};
    int taken = 0;  // unguarded: the pool promises one turn at a time, and that a turn sees what its wakers did
    std::atomic<int> seen{0}, overlaps{0};
  };
  std::vector<Cell> cells(kTasks);
  std::vector<std::unique_ptr<FunctionTask>> tasks;
  for (int t = 0; t < kTasks; ++t) {
    tasks.push_back(std::make_unique<FunctionTask>([&cells, t](TimePoint) {
      Cell& c = cells[static_cast<std::size_t>(t)];
      if (c.inside.fetch_add(1) != 0) ++c.overlaps;
      c.taken = c.given.load(std::memory_order_relaxed);
      c.seen = c.taken;
      c.inside.fetch_sub(1);
      return Turn{};
    }));
  }
  std::vector<std::thread> wakers;
  for (int w = 0; w < kWakers; ++w) {
    wakers.emplace_back([&, w] {
      for (int i = 0; i < kEach; ++i) {
        const auto t = static_cast<std::size_t>((i * 7 + w) % kTasks);
        cells[t].given.fetch_add(1, std::memory_order_relaxed);
        running.pool.wake(*tasks[t]);
      }
    });
  }
  for (std::thread& w : wakers) w.join();
  for (std::size_t t = 0; t < kTasks; ++t) {
    const auto deadline = std::chrono::steady_clock::now() + std::chrono::seconds(20);
    while (cells[t].seen != cells[t].given && std::chrono::steady_clock::now() < deadline) {
      static_cast<void>(tasks[t]->ran(tasks[t]->runs() + 1, milliseconds(1)));
    }
    CHECK(cells[t].seen == kWakers * kEach / kTasks);
    CHECK(cells[t].overlaps == 0);
  }
  running.pool.stop();
}

TEST_CASE("Timers fire at their time, not before; the later word counts; a task that has run asks anew") {
  RunningPool running(2);
  std::vector<TimePoint> ran;
  FunctionTask every([&](TimePoint now) {
    ran.push_back(now);
    return Turn{false, ran.size() < 6 ? now + milliseconds(7) : TimePoint::max()};
  });
  FunctionTask moved, cancelled;
  const TimePoint t0 = running.clock.now();
  running.pool.wake_at(moved, t0 + std::chrono::hours(1));
  running.pool.wake_at(moved, t0 + milliseconds(15));
  running.pool.wake_at(cancelled, t0 + milliseconds(10));
  running.pool.wake_at(cancelled, TimePoint::max());
  running.pool.wake(every);
  CHECK(moved.ran(1));
  CHECK(running.clock.now() >= t0 + milliseconds(15));
  CHECK(every.ran(6));
  running.pool.stop();
  for (std::size_t i = 1; i < ran.size(); ++i) CHECK(ran[i] - ran[i - 1] >= milliseconds(7));
  CHECK(cancelled.runs() == 0);
}

TEST_CASE("A timer that is nearer than the one the poller sleeps for is not slept through") {
  RunningPool running(2);
  FunctionTask far, near;
  running.pool.wake_at(far, running.clock.now() + std::chrono::hours(1));
  CHECK_FALSE(far.ran(1, milliseconds(20)));  // the pool sleeps for an hour now
  const TimePoint t0 = running.clock.now();
  running.pool.wake_at(near, t0 + milliseconds(5));
  CHECK(near.ran(1, std::chrono::seconds(5)));
  running.pool.stop();
}

TEST_CASE("A poke that a passing look has eaten still wakes the thread that waits in the poller") {
  SteadyClock clock;
  Poller poller;
  Pool pool(2, clock, poller);
  Watch gate;
  bool looking = false, looked = false, leave = false;
  poller.set_hook({[&](TimePoint, bool before_sleep) {
                     thread_local bool slept = false;  // then the next call is the one after the sleep
                     const bool after_sleep = std::exchange(slept, before_sleep);
                     const bool passing = !before_sleep && !after_sleep;
                     gate.change([&] { looking = looking || passing; });
                     if (passing) gate.wait([&] { return looked; });
                     return TimePoint::max();
                   },
                   [](TimePoint) {}});
  FunctionTask holds([&](TimePoint) {
    gate.wait([&] { return leave; });
    return Turn{};
  });
  FunctionTask passes([&](TimePoint) {
    bool enough = false;
    gate.change([&] { enough = looking; });
    return Turn{!enough, TimePoint::max()};
  });
  FunctionTask timed;
  pool.start();
  pool.wake(holds);
  pool.wake(passes);
  REQUIRE(gate.wait([&] { return looking; }));  // one thread stands in a look, about to ask the kernel
  gate.change([&] { leave = true; });
  REQUIRE(holds.ran(1));
  CHECK_FALSE(timed.ran(1, milliseconds(30)));  // the other has gone to wait behind it
  pool.wake_at(timed, clock.now() + milliseconds(5));
  gate.change([&] { looked = true; });
  CHECK(timed.ran(1, std::chrono::seconds(3)));
  pool.stop();
}

TEST_CASE("Timers that are moved and moved again take no memory each") {
  SteadyClock clock;
  Poller poller;
  Pool pool(1, clock, poller);
  FunctionTask task;
  const auto used = [] { return static_cast<std::ptrdiff_t>(::mallinfo2().uordblks + ::mallinfo2().hblkhd); };
  const std::ptrdiff_t before = used();
  for (int i = 0; i < 200000; ++i) {
    pool.wake_at(task, clock.now() + std::chrono::hours(1));
    pool.wake_at(task, TimePoint::max());
  }
  CHECK(used() - before < 100000);
}

TEST_CASE("Nothing polls: an idle pool uses no CPU, with a timer far away and a file descriptor watched") {
  RunningPool running(4);
  const int fd = ::eventfd(0, EFD_NONBLOCK | EFD_CLOEXEC);
  FunctionTask task;
  running.poller.watch_once(fd, [&](std::uint64_t) { running.pool.wake(task); });
  running.pool.wake_at(task, running.clock.now() + std::chrono::hours(1));
  CHECK_FALSE(task.ran(1, milliseconds(1500)));  // the monitor lingers for a second
  const Duration before = cpu_time();
  CHECK_FALSE(task.ran(1, milliseconds(200)));
  CHECK(cpu_time() - before < milliseconds(5));
  const std::uint64_t one = 1;
  REQUIRE(::write(fd, &one, sizeof one) == sizeof one);
  CHECK(task.ran(1));
  running.pool.stop();
  ::close(fd);
}

TEST_CASE("Work behind a long turn goes to another thread, and the long turn is told to hurry") {
  RunningPool running(2);
  Watch gate;
  bool other_ran = false, helped = false;
  FunctionTask other([&](TimePoint) {
    gate.change([&] { other_ran = true; });
    return Turn{};
  });
  FunctionTask long_one([&](TimePoint) {
    running.pool.wake(other);  // on this thread's own queue
    const bool ran = gate.wait([&] { return other_ran; });
    gate.change([&] { helped = ran; });
    return Turn{};
  });
  running.pool.wake(long_one);
  CHECK(long_one.ran(1));
  CHECK(helped);
  FunctionTask slow([&](TimePoint) {
    spin_for(milliseconds(20));
    return Turn{};
  });
  running.pool.wake(slow);
  CHECK(slow.ran(1));
  CHECK(slow.hurried > 0);
  running.pool.stop();
}

TEST_CASE("A backlog worth tens of microseconds is taken over by an idle thread") {
  RunningPool running(2);
  std::mutex lock;
  std::set<std::thread::id> threads;
  std::vector<std::unique_ptr<FunctionTask>> tasks;
  Watch done;
  int turns = 0;
  for (int i = 0; i < 8; ++i) {
    tasks.push_back(std::make_unique<FunctionTask>(
        [&](TimePoint) {
          {
            const std::lock_guard guard(lock);
            threads.insert(std::this_thread::get_id());
          }
          spin_for(std::chrono::microseconds(300));
          int n = 0;
          done.change([&] { n = ++turns; });
          return Turn{n < 2000, TimePoint::max()};
        },
        1 << 20));
  }
  for (auto& t : tasks) running.pool.wake(*t);
  CHECK(done.wait([&] { return turns >= 2000; }));
  running.pool.stop();
  CHECK(threads.size() >= 2);
}

/// Tasks whose turns stand still until the gate opens, or spin until told.
struct Stuck {
  Watch gate;
  bool open = false;
  std::atomic<bool> spin{true};
  std::vector<std::unique_ptr<FunctionTask>> tasks;

  FunctionTask& blocked() {
    return *tasks.emplace_back(std::make_unique<FunctionTask>([this](TimePoint) {
      gate.wait([this] { return open; });
      return Turn{};
    }));
  }
  FunctionTask& spinning() {
    return *tasks.emplace_back(std::make_unique<FunctionTask>([this](TimePoint) {
      while (spin) {
      }
      return Turn{};
    }));
  }
  void release() {
    spin = false;
    gate.change([this] { open = true; });
  }
};

std::set<std::string> thread_names() {
  std::set<std::string> names;
  for (const auto& entry : std::filesystem::directory_iterator("/proc/self/task")) {
    std::string name;
    std::getline(std::ifstream(entry.path() / "comm"), name);
    names.insert(name);
  }
  return names;
}

TEST_CASE("Threads whose user code blocks are replaced, named after what holds them, and the extra ones retire") {
  Stuck stuck;  // outlives the pool
  FunctionTask other;
  RunningPool running(2);
  for (int i = 0; i < 5; ++i) running.pool.wake(stuck.blocked());
  Watch never;
  const auto until_living = [&](std::uint32_t threads) {
    for (int i = 0; i < 2000 && running.pool.living() != threads; ++i)
      never.wait([] { return false; }, milliseconds(5));
    return running.pool.living() == threads;
  };
  CHECK(until_living(7));  // five stand still, two are free
  running.pool.wake(other);
  CHECK(other.ran(1));
  CHECK(thread_names().contains("function"));
  stuck.release();
  for (const auto& task : stuck.tasks) CHECK(task->ran(1));
  CHECK(until_living(2));
  CHECK_FALSE(thread_names().contains("function"));
  running.pool.wake(other);
  CHECK(other.ran(2));
  running.pool.stop();
}

TEST_CASE("CPU-bound user code is not replaced") {
  Stuck stuck;
  FunctionTask timer;
  RunningPool running(1);
  running.pool.wake(stuck.spinning());
  CHECK_FALSE(timer.ran(1, milliseconds(100)));
  CHECK(running.pool.living() == 1);
  stuck.release();
  CHECK(stuck.tasks[0]->ran(1));
  running.pool.stop();
}

TEST_CASE("While every thread is in user code, file descriptors and timers are looked after all the same") {
  Stuck stuck;
  FunctionTask task;
  Watch watch;
  bool told = false;
  RunningPool running(1);
  const int fd = ::eventfd(1, EFD_NONBLOCK | EFD_CLOEXEC);
  running.pool.wake(stuck.spinning());
  CHECK_FALSE(task.ran(1, milliseconds(10)));
  running.poller.watch_once(fd, [&](std::uint64_t) { watch.change([&] { told = true; }); });
  CHECK(watch.wait([&] { return told; }));
  stuck.release();
  running.pool.stop();
  ::close(fd);
}

TEST_CASE("A pinned task has one thread for its calls and its turns, which bears its name") {
  SteadyClock clock;
  Poller poller;
  Pool pool(2, clock, poller);
  std::set<std::thread::id> threads;
  std::string name;
  Watch watch;
  int turns = 0;
  FunctionTask task([&](TimePoint now) {
    watch.change([&] {
      threads.insert(std::this_thread::get_id());
      ++turns;
    });
    return Turn{turns < 100, now + milliseconds(1)};
  });
  pool.pin(task);
  pool.call(task, [&] {
    threads.insert(std::this_thread::get_id());
    char room[16];
    ::pthread_getname_np(::pthread_self(), room, sizeof room);
    name = room;
  });
  CHECK(name == "function");
  pool.wake(task);
  pool.start();
  CHECK(watch.wait([&] { return turns > 110; }));  // 100 at once, then by its timer
  pool.wake(task);
  pool.stop();
  const int then = turns;
  pool.call(task, [&] { threads.insert(std::this_thread::get_id()); });
  CHECK(threads.size() == 1);
  CHECK_FALSE(threads.contains(std::this_thread::get_id()));
  pool.wake(task);
  CHECK(turns == then);
  FunctionTask other;
  pool.call(other, [&] { threads.insert(std::this_thread::get_id()); });
  CHECK(threads.contains(std::this_thread::get_id()));
}

TEST_CASE("A thread's name keeps the number of its task") {
  CHECK(thread_name("count#3") == "count#3");
  CHECK(thread_name("a-component-with-a-name#12") == "a-component-#12");
  CHECK(thread_name("a-component-without-number") == "a-component-wit");
}

TEST_CASE("stop() returns when no turn runs any more, at whatever moment it comes") {
  for (int round = 0; round < 500; ++round) {
    SteadyClock clock;
    Poller poller;
    Pool pool(3, clock, poller);
    std::atomic<int> inside{0}, turns{0};
    std::vector<std::unique_ptr<FunctionTask>> tasks;
    for (int i = 0; i < 4; ++i) {
      tasks.push_back(std::make_unique<FunctionTask>([&, i](TimePoint now) {
        ++inside;
        spin_for(std::chrono::microseconds(10 + 17 * i));
        ++turns;
        --inside;
        return Turn{i % 2 == 0, now + std::chrono::microseconds(50 * i)};
      }));
    }
    for (auto& t : tasks) pool.wake(*t);
    pool.start();
    spin_for(std::chrono::microseconds(round % 300));
    pool.stop();
    REQUIRE(inside == 0);
    const int then = turns;
    for (auto& t : tasks) pool.wake(*t);  // too late: nothing runs any more
    REQUIRE(turns == then);
  }
}

}  // namespace
}  // namespace gale::execute
