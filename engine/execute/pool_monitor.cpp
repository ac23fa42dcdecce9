// SPDX-License-Identifier: Apache-2.0
//
// The pool's monitor: a thread that runs no user code and looks after those that do. It asks long turns to hurry, calls
// an idle thread when work waits behind one, has a thread that stands still replaced, and looks at the poller while all
// are busy. It sleeps while the pool does.
#include "engine/execute/pool.hpp"
#include "engine/execute/thread_name.hpp"

#include <fcntl.h>
#include <unistd.h>

#include <algorithm>
#include <cstdio>
#include <string_view>

namespace gale::execute {
namespace {

constexpr Duration kMonitorEvery = std::chrono::milliseconds(2);
constexpr Duration kLongTurn = std::chrono::milliseconds(1);
constexpr Duration kMonitorLinger = std::chrono::seconds(1);
constexpr Duration kStandsStill = std::chrono::microseconds(50);  // CPU time of a blocked thread, while it is watched

Duration cpu_of(clockid_t clock) {
  timespec t{};
  if (::clock_gettime(clock, &t) != 0) return Duration::max();
  return std::chrono::seconds(t.tv_sec) + std::chrono::nanoseconds(t.tv_nsec);
}

/// Running, or waiting for nothing but a core: on a busy machine a thread may use no CPU for long.
bool is_runnable(pid_t tid) {
  char path[64], text[512];
  std::snprintf(path, sizeof path, "/proc/self/task/%d/stat", static_cast<int>(tid));
  const int fd = ::open(path, O_RDONLY | O_CLOEXEC);
  if (fd < 0) return true;
  const ssize_t size = ::read(fd, text, sizeof text);
  ::close(fd);
  const std::string_view stat(text, static_cast<std::size_t>(std::max<ssize_t>(size, 0)));
  const std::size_t state = stat.rfind(") ");  // behind the name, which may hold anything
  return state == std::string_view::npos || state + 2 >= stat.size() || stat[state + 2] == 'R';
}

}  // namespace

void Pool::wake_monitor() {  // under lock_
  if (monitor_sleeps_) monitor_wakes_.notify_one();
}

void Pool::monitor() {
  name_thread("gale monitor");
  std::unique_lock lock(lock_);
  TimePoint idle_since = clock_.now();
  std::uint64_t before = 0;
  while (!stopping_) {
    if (busy_ > 0) idle_since = clock_.now();
    if (clock_.now() - idle_since > kMonitorLinger) {
      monitor_sleeps_ = true;
      monitor_wakes_.wait(lock, [&] { return busy_ > 0 || stopping_; });
      monitor_sleeps_ = false;
      continue;
    }
    monitor_wakes_.wait_for(lock, kMonitorEvery, [&] { return stopping_.load(); });
    const TimePoint now = clock_.now();
    for (const auto& w : workers_) {
      if (w->running != nullptr && now - w->since > kLongTurn) watch_turn(*w, now);
    }
    for (const auto& own : own_) own->hurry(now, kLongTurn);
    replace_blocked();
    const bool waited = queued_ > 0 && before > 0;
    const bool nobody_polls = busy_ > 0 && !waiting_in_poller_;
    if ((waited || nobody_polls) && busy_ < living_) help();
    before = queued_;
    const TimePoint looked = TimePoint(Duration(looked_at_.load(std::memory_order_relaxed)));
    if (nobody_polls && now - looked >= kMonitorEvery) look(now, lock);  // all are in user code
  }
}

/// A turn is long. When its thread uses no CPU meanwhile, it waits for something, and another takes its place.
void Pool::watch_turn(Worker& worker, TimePoint now) {
  worker.running->hurry();
  if (worker.entry != nullptr && now - worker.since >= kBlocked) crash::Page::capture(*worker.entry);
  if (worker.blocked) return;
  const Duration cpu = cpu_of(worker.cpu_clock);
  if (!worker.looked_at || cpu - worker.cpu > kStandsStill) {
    worker.looked_at = true;
    worker.cpu = cpu;
    worker.looked = now;
  } else if (now - worker.since >= kBlocked && now - worker.looked >= kBlocked / 2 && !is_runnable(worker.tid)) {
    worker.blocked = true;
    ++blocked_;
    name_thread(worker.thread.native_handle(), worker.running->name());
  }
}

void Pool::replace_blocked() {
  while (living_ - blocked_ < threads_ && living_ < threads_ + kMostExtra) {
    std::uint32_t place = 0;
    while (place < workers_.size() && !workers_[place]->retired) ++place;
    if (place == workers_.size()) workers_.push_back(std::make_unique<Worker>());
    start_thread(place);
  }
}

}  // namespace gale::execute
