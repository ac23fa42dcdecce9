// SPDX-License-Identifier: Apache-2.0
//
// Pool: who runs what, composed in this one file. N threads, one a core unless configured; tasks are turns, not
// threads. A task that a thread makes ready goes to that thread's own queue, so that a chain of tasks stays on the core
// that has its batch in cache. Another thread is woken only when something waits that is worth tens of microseconds:
// waking costs 5-50 us (futex, scheduler), handing over a batch that is cold costs its cache misses. Nothing polls: a
// thread without work waits in the poller (sockets, file descriptors, timers) or, when another one already does, on a
// condition variable. While every thread has work the poller is looked at between turns. A monitor thread, which runs
// no user code, calls an idle thread when work waits behind one long turn, replaces a thread whose user code blocks,
// and looks at the poller while all are in user code; it sleeps while all idle. Threads: wake() from any; the rest from
// the owner.
#pragma once

#include "engine/base/clock.hpp"
#include "engine/crash/handler.hpp"
#include "engine/execute/own_thread.hpp"
#include "engine/execute/poller.hpp"
#include "engine/execute/schedulable.hpp"

#include <atomic>
#include <condition_variable>
#include <cstdint>
#include <ctime>
#include <deque>
#include <functional>
#include <memory>
#include <mutex>
#include <string>
#include <thread>
#include <vector>

namespace gale::execute {

class Pool {
 public:
  /// How long a turn may stand still before another thread takes the place of its own.
  static constexpr Duration kBlocked = std::chrono::milliseconds(5);
  /// Threads beyond the configured ones, which replace blocked ones: a bound on what user code may cause.
  static constexpr std::uint32_t kMostExtra = 256;

  /// `threads` 0: one a core. All that is passed in outlives the pool. `page`: where its threads say what they run.
  Pool(std::uint32_t threads, const Clock& clock, Poller& poller, crash::Page* page = nullptr);
  ~Pool();
  Pool(const Pool&) = delete;
  Pool& operator=(const Pool&) = delete;

  /// Gives the task a thread of its own, for good. Before start(), and before it is woken.
  void pin(Schedulable& task);
  /// Runs `f` on the thread of a pinned task, between its turns; of any other here and now.
  void call(Schedulable& task, const std::function<void()>& f);

  void start();
  /// Returns when no turn runs any more; queued tasks stay unrun.
  void stop();

  /// The task has a turn soon. Any thread; cheap when it is queued already.
  void wake(Schedulable& task);
  /// Wakes it at `when`, unless it ran before and asked for another time.
  void wake_at(Schedulable& task, TimePoint when);

  /// The tasks that have a turn now, which has lasted for `least` already. Any thread.
  [[nodiscard]] std::vector<std::string> running(Duration least = Duration::zero());
  /// The task whose turn or call runs on this thread; null when there is none.
  [[nodiscard]] static const Schedulable* running_here() noexcept;
  [[nodiscard]] std::uint32_t threads() const noexcept { return threads_; }
  /// Threads that are there now, extra ones included.
  [[nodiscard]] std::uint32_t living();

 private:
  friend class OwnThread;
  struct Worker {  // guarded by lock_, but what the thread alone uses
    std::deque<Schedulable*> queue;
    std::condition_variable idle;
    bool parked = false;
    bool retired = false;            // its thread has ended, or is about to
    Schedulable* running = nullptr;  // ...
    TimePoint since{};               // ...since when
    bool looked_at = false;          // by the monitor, during the running turn: the next three are of that
    Duration cpu{};                  // what the thread had used then
    TimePoint looked{};
    bool blocked = false;  // the running turn stands still: another thread has its place
    clockid_t cpu_clock{};
    pid_t tid = 0;
    crash::Entry* entry = nullptr;
    std::thread thread;
    Turn turn;             // the thread's own: what the last turn said
    TimePoint turn_end{};  // the thread's own
  };
  struct Timer {
    TimePoint when;
    Schedulable* task;
    friend bool operator>(const Timer& a, const Timer& b) { return a.when > b.when; }
  };

  void loop(std::uint32_t self);
  bool run(Worker& me, Schedulable& task);
  /// One turn of a pinned task, on its own thread. True: it wants another.
  bool run_own(Schedulable& task);
  void look_and_wait(TimePoint until);
  void monitor();
  // The rest runs under lock_.
  Schedulable* next_task(std::uint32_t self);
  void after_turn(std::uint32_t self, Schedulable& task, bool again);
  void note_unblocked(Worker& me);
  void start_thread(std::uint32_t self);
  [[nodiscard]] bool surplus() const { return living_ - blocked_ > threads_; }
  void watch_turn(Worker& worker, TimePoint now);
  void replace_blocked();
  bool retire(Worker& me);
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
  crash::Page* const page_;
  std::mutex lock_;     // short: queues and timers; never held while user code or the poller runs
  std::mutex polling_;  // held by the thread that is in the poller; taken after lock_ was given up
  const std::uint32_t threads_;
  std::vector<std::unique_ptr<Worker>> workers_;
  std::vector<std::unique_ptr<OwnThread>> own_;
  std::uint32_t living_ = 0;   // threads that have not retired
  std::uint32_t blocked_ = 0;  // ...of those, whose turn stands still
  std::vector<Timer> timers_;  // a heap; entries whose task has another timer_ by now are void
  std::size_t armed_ = 0;      // tasks that have a timer
  std::uint64_t queued_ = 0;
  std::uint32_t busy_ = 0;          // threads that are neither parked nor waiting in the poller
  bool waiting_in_poller_ = false;  // a thread blocks there, until poller_until_
  TimePoint poller_until_{};
  bool monitor_sleeps_ = false;
  std::condition_variable monitor_wakes_;
  std::thread monitor_;
  std::atomic<bool> stopping_{false};
  std::atomic<std::int64_t> looked_at_{0};  // when somebody last looked at the poller
};

}  // namespace gale::execute
