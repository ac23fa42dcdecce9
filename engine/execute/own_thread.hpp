// SPDX-License-Identifier: Apache-2.0
//
// OwnThread: the thread of one pinned task: all its turns and the calls around them (open, close) run there, for user
// code that has thread-local state. The pool wakes it and keeps its timers. Threads: start() to stop() from the owner,
// wake() from any.
#pragma once

#include "engine/base/clock.hpp"
#include "engine/execute/poller.hpp"
#include "engine/execute/schedulable.hpp"

#include <condition_variable>
#include <functional>
#include <mutex>
#include <string>
#include <thread>

namespace gale::execute {

class Pool;

class OwnThread {
 public:
  OwnThread(Pool& pool, Schedulable& task, const Clock& clock, Poller& poller);
  /// Ends the thread.
  ~OwnThread();
  OwnThread(const OwnThread&) = delete;
  OwnThread& operator=(const OwnThread&) = delete;

  /// Runs `f` there, between turns, and waits for it.
  void call(const std::function<void()>& f);
  /// Turns may run, from now on, and no more, once stop() has returned. Calls run all the same.
  void start();
  void stop();
  /// The task has been queued.
  void wake();
  /// The name of the task while it has a turn that began by then, else empty.
  [[nodiscard]] std::string running(TimePoint by);
  /// Tells a turn that has lasted so long to end when it can.
  void hurry(TimePoint now, Duration most);

 private:
  void loop();
  void turn(std::unique_lock<std::mutex>& lock);

  Pool& pool_;
  Schedulable& task_;
  const Clock& clock_;
  Poller& poller_;
  std::mutex lock_;
  std::condition_variable wakes_, done_;
  const std::function<void()>* call_ = nullptr;
  bool queued_ = false, turns_ = false, running_ = false, ends_ = false;
  TimePoint since_{};  // when the running turn began
  std::thread thread_;
};

}  // namespace gale::execute
