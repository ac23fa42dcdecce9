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

TEST_CASE(
    "A watched file descriptor is told while it is readable; one watched once is told once, until watched again") {
  Poller poller;
  const int always = ::eventfd(0, EFD_NONBLOCK), once = ::eventfd(0, EFD_NONBLOCK);
  int a = 0, b = 0;
  REQUIRE(poller.watch(always, false, [&] { ++a; }));
  REQUIRE(poller.watch(once, true, [&] { ++b; }));
  poller.wait(now(), now());
  CHECK(a + b == 0);
  give(always);
  give(once);
  for (int i = 0; i < 3; ++i) poller.wait(now(), now() + milliseconds(1));
  CHECK(a == 3);
  CHECK(b == 1);
  REQUIRE(poller.watch(once, true, [&] { b += 10; }));
  poller.wait(now(), now());
  CHECK(b == 11);
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

TEST_CASE("What the kernel cannot poll is refused") {
  Poller poller;
  CHECK_FALSE(poller.watch(-1, false, [] {}));
  const int file = ::open("/proc/self/cmdline", O_RDONLY);
  CHECK_FALSE(poller.watch(9999, true, [] {}));
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
