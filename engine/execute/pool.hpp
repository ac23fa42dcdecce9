// SPDX-License-Identifier: Apache-2.0
//
// Pool: who runs what, composed in this one file. N threads, one a core unless configured; tasks are turns, not
// threads. A task that a thread makes ready goes to that thread's own queue, so that a chain of tasks stays on the core
// that has its batch in cache. Another thread is woken only when something waits that is worth tens of microseconds:
// waking costs 5-50 us (futex, scheduler), handing over a batch that is cold costs its cache misses. Nothing polls: a
// thread without work waits in the poller (sockets, file descriptors, timers) or, when another one already does, on a
// condition variable. While every thread has work the poller is looked at between turns. A monitor thread, which runs
// no user code, calls an idle thread when work waits behind one long turn; it sleeps while all idle. Threads: wake()
// from any; start() and stop() from the owner.
#pragma once

#include "engine/base/clock.hpp"
#include "engine/execute/poller.hpp"
#include "engine/execute/schedulable.hpp"

#include <atomic>
#include <condition_variable>
#include <cstdint>
#include <deque>
#include <memory>
#include <mutex>
#include <thread>
#include <vector>

namespace gale::execute {

class Pool {
 public:
  /// `threads` 0: one a core. The clock and the poller outlive the pool.
  Pool(std::uint32_t threads, const Clock& clock, Poller& poller);
  ~Pool();
  Pool(const Pool&) = delete;
  Pool& operator=(const Pool&) = delete;

  void start();
  /// Returns when no turn runs any more; queued tasks stay unrun.
  void stop();

  /// The task has a turn soon. Any thread; cheap when it is queued already.
  void wake(Schedulable& task);
  /// Wakes it at `when`, unless it ran before and asked for another time.
  void wake_at(Schedulable& task, TimePoint when);

  [[nodiscard]] std::uint32_t threads() const noexcept { return static_cast<std::uint32_t>(workers_.size()); }

 private:
  struct Worker {
    std::deque<Schedulable*> queue;  // guarded by lock_
    std::condition_variable idle;
    bool parked = false;
    Schedulable* running = nullptr;  // guarded by lock_
    TimePoint since{};               // ...and since when; guarded by lock_
    std::thread thread;
  };
  struct Timer {
    TimePoint when;
    Schedulable* task;
    friend bool operator>(const Timer& a, const Timer& b) { return a.when > b.when; }
  };

  void loop(std::uint32_t self);
  bool run(Schedulable& task);
  void look_and_wait(TimePoint until);
  void monitor();
  // The rest runs under lock_.
  Schedulable* next_task(std::uint32_t self);
  void after_turn(std::uint32_t self, Schedulable& task, bool again);
  void enqueue(Schedulable& task);
  void wait(std::uint32_t self, std::unique_lock<std::mutex>& lock);
  void look(TimePoint now, std::unique_lock<std::mutex>& lock);
  void fire_timers(TimePoint now);
  void set_timer(Schedulable& task, TimePoint when);
  void forget_void_timers();
  [[nodiscard]] bool worth_help(std::uint32_t self) const;
  void help();
  void wake_monitor();

  const Clock& clock_;
  Poller& poller_;
  std::mutex lock_;     // short: queues and timers; never held while user code or the poller runs
  std::mutex polling_;  // held by the thread that is in the poller; taken after lock_ was given up
  std::vector<std::unique_ptr<Worker>> workers_;
  std::vector<Timer> timers_;  // a heap; entries whose task has another timer_ by now are void
  std::size_t armed_ = 0;      // tasks that have a timer
  std::uint64_t queued_ = 0;
  std::uint32_t busy_ = 0;          // threads that are neither parked nor waiting in the poller
  bool waiting_in_poller_ = false;  // a thread blocks there, until poller_until_
  TimePoint poller_until_{};
  bool monitor_sleeps_ = false;
  std::condition_variable monitor_wakes_;
  std::thread monitor_;      // wakes an idle thread when work waits behind a long turn; sleeps while all idle
  std::vector<Turn> turns_;  // by thread, its own: what the last turn said, and when it ended
  std::vector<TimePoint> turn_end_of_;
  std::atomic<bool> stopping_{false};
  std::atomic<std::int64_t> looked_at_{0};  // when somebody last looked at the poller
};

}  // namespace gale::execute
