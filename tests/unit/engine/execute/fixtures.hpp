// SPDX-License-Identifier: Apache-2.0
//
// What tests of execute/ share: a task made of a function, batches, a destination that can refuse, a way to wait.
// Threads: Watch's are any; the rest belongs to one.
#pragma once

#include "engine/execute/destination.hpp"
#include "engine/execute/poller.hpp"
#include "engine/execute/pool.hpp"
#include "engine/execute/schedulable.hpp"
#include "engine/wire/batch_pool.hpp"

#include <atomic>
#include <condition_variable>
#include <ctime>
#include <functional>
#include <mutex>
#include <string>
#include <vector>

namespace gale::execute {

/// Something that tests wait for.
class Watch {
 public:
  template <class F>
  void change(F&& f) {
    {
      const std::lock_guard lock(lock_);
      f();
    }
    changed_.notify_all();
  }
  template <class F>
  bool wait(F&& until, Duration most = std::chrono::seconds(20)) {
    std::unique_lock lock(lock_);
    return changed_.wait_for(lock, most, until);
  }

 private:
  std::mutex lock_;
  std::condition_variable changed_;
};

class FunctionTask final : public Schedulable {
 public:
  explicit FunctionTask(std::function<Turn(TimePoint)> f = {}, std::uint64_t backlog = 0)
      : f_(std::move(f)), backlog_(backlog) {}
  Turn run(TimePoint now) override {
    const Turn turn = f_ ? f_(now) : Turn{};
    watch_.change([&] { ++runs_; });
    return turn;
  }
  [[nodiscard]] const std::string& name() const noexcept override { return name_; }
  [[nodiscard]] std::uint64_t backlog() const noexcept override { return backlog_; }
  void hurry() noexcept override { ++hurried; }

  bool ran(std::uint64_t times, Duration most = std::chrono::seconds(20)) {
    return watch_.wait([&] { return runs_ >= times; }, most);
  }
  std::uint64_t runs() {
    std::uint64_t n = 0;
    watch_.change([&] { n = runs_; });
    return n;
  }
  std::atomic<int> hurried{0};

 private:
  std::function<Turn(TimePoint)> f_;
  std::uint64_t backlog_;
  std::string name_ = "function";
  Watch watch_;
  std::uint64_t runs_ = 0;
};

/// A pool that runs on real time. Stop it before the tasks go.
struct RunningPool {
  explicit RunningPool(std::uint32_t threads) : pool(threads, clock, poller) { pool.start(); }
  SteadyClock clock;
  Poller poller;
  Pool pool;
};

class Receiver final : public Destination {
 public:
  bool offer(wire::BatchPtr& batch, Schedulable&) override {
    ++offers;
    if (!open && !batch->end) return false;
    taken.push_back(std::move(batch));
    return true;
  }
  bool wait_for_room(Schedulable&) override { return percent > 50; }
  Fill fill() override { return {percent, 100}; }
  bool open = true;
  std::uint32_t percent = 0;
  int offers = 0;
  std::vector<wire::BatchPtr> taken;
};

inline wire::BatchPtr batch_of(wire::BatchPool& pool, std::uint32_t bytes, std::uint32_t source = 0,
                               std::uint64_t token = 0) {
  wire::BatchPtr b = pool.take(bytes);
  b->bytes = bytes;
  b->count = 1;
  b->source = TaskId(source);
  b->token = token;
  return b;
}

/// CPU time of this whole process.
inline Duration cpu_time() {
  timespec t{};
  ::clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &t);
  return std::chrono::seconds(t.tv_sec) + std::chrono::nanoseconds(t.tv_nsec);
}

inline void spin_for(Duration d) {
  const auto until = std::chrono::steady_clock::now() + d;
  while (std::chrono::steady_clock::now() < until) {
  }
}

}  // namespace gale::execute
