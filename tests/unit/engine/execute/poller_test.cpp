// SPDX-License-Identifier: Apache-2.0
#include "engine/execute/poller.hpp"

#include <doctest/doctest.h>
#include <fcntl.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include <thread>
#include <vector>

namespace gale::execute {
namespace {

using std::chrono::milliseconds;

TimePoint now() { return std::chrono::steady_clock::now(); }
void give(int fd) {
  const std::uint64_t one = 1;
  REQUIRE(::write(fd, &one, sizeof one) == sizeof one);
}

TEST_CASE("A watched file descriptor is told while it is readable; one watched once is told once, until armed again") {
  Poller poller;
  const int always = ::eventfd(0, EFD_NONBLOCK), once = ::eventfd(0, EFD_NONBLOCK);
  int a = 0, b = 0;
  REQUIRE(poller.watch(always, [&] { ++a; }));
  std::uint64_t number = 0;
  REQUIRE(poller.watch_once(once, [&](std::uint64_t n) {
    number = n;
    ++b;
  }));
  poller.wait(now(), now());
  CHECK(a + b == 0);
  give(always);
  give(once);
  for (int i = 0; i < 3; ++i) poller.wait(now(), now() + milliseconds(1));
  CHECK(a == 3);
  CHECK(b == 1);
  poller.arm(once, number + 100);  // somebody else's
  poller.wait(now(), now());
  CHECK(b == 1);
  poller.arm(once, number);
  poller.wait(now(), now());
  CHECK(b == 2);
  ::close(always);
  ::close(once);
}

TEST_CASE(
    "wait() returns at its time and not before; looking does not wait; a poke ends it, also one that came before") {
  Poller poller;
  TimePoint t0 = now();
  poller.wait(t0, t0 + milliseconds(20));
  CHECK(now() >= t0 + milliseconds(20));
  t0 = now();
  poller.wait(t0, t0);
  poller.wait(t0, t0 - milliseconds(5));
  poller.poke();
  poller.poke();
  poller.wait(now(), TimePoint::max());
  std::thread other([&] { poller.poke(); });
  poller.wait(now(), TimePoint::max());
  other.join();
  t0 = now();
  poller.wait(t0, t0 + milliseconds(5));  // pokes do not pile up
  CHECK(now() >= t0 + milliseconds(5));
}

TEST_CASE("A number that was closed and given to another file descriptor stays with whoever watches it now") {
  Poller poller;
  const int first = ::eventfd(0, EFD_NONBLOCK);
  int a = 0, b = 0;
  const std::uint64_t of_first = poller.watch_once(first, [&](std::uint64_t) { ++a; });
  give(first);
  poller.wait(now(), now());
  REQUIRE(a == 1);
  ::close(first);
  const int second = ::eventfd(0, EFD_NONBLOCK);
  REQUIRE(second == first);  // the lowest that is free
  REQUIRE(poller.watch_once(second, [&](std::uint64_t) { ++b; }));
  poller.arm(first, of_first);
  give(second);
  poller.wait(now(), now());
  CHECK(a == 1);
  CHECK(b == 1);
  ::close(second);
}

TEST_CASE("What the kernel cannot poll is refused") {
  Poller poller;
  CHECK_FALSE(poller.watch(-1, [] {}));
  const int file = ::open("/proc/self/cmdline", O_RDONLY);
  CHECK_FALSE(poller.watch_once(9999, [](std::uint64_t) {}));
  ::close(file);
}

TEST_CASE("The hook runs before each sleep and after events, and may forbid the sleep") {
  Poller poller;
  std::vector<bool> calls;
  int flushed = 0;
  bool busy = true;
  poller.set_hook({[&](TimePoint at, bool before_sleep) {
                     calls.push_back(before_sleep);
                     return busy ? at : TimePoint::max();
                   },
                   [&](TimePoint) { ++flushed; }});
  poller.wait(now(), TimePoint::max());  // does not hang: the hook says now
  CHECK(calls == std::vector<bool>{true});
  busy = false;
  poller.poke();
  poller.wait(now(), now() + milliseconds(50));
  CHECK(calls == std::vector<bool>{true, true, false});
  poller.wait(now(), now() - milliseconds(1));
  CHECK_FALSE(calls.back());
  poller.flush(now());
  CHECK(flushed == 1);
}

}  // namespace
}  // namespace gale::execute
