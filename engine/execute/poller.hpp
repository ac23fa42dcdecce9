// SPDX-License-Identifier: Apache-2.0
//
// Poller: what an idle pool thread waits on. One epoll set: an eventfd to be poked, the links' file descriptors, and
// those that components watch.
// Threads: wait() from one thread at a time (the pool sees to it); poke() and watch() from any.
#pragma once

#include "engine/base/clock.hpp"

#include <functional>
#include <map>
#include <mutex>

namespace gale::execute {

class Poller {
 public:
  Poller();
  ~Poller();
  Poller(const Poller&) = delete;
  Poller& operator=(const Poller&) = delete;

  /// Calls `ready` (on the waiting thread) whenever `fd` is readable. False: the kernel does not take this fd.
  /// `once`: told once, until watch() is called again for it: for file descriptors that user code will drain.
  bool watch(int fd, bool once, std::function<void()> ready);
  /// Runs `before_sleep` just before each wait and after it: for sockets whose readiness is edge-triggered. It says
  /// whether it did something, in which case wait() does not sleep.
  void set_hook(std::function<bool(TimePoint)> hook) { hook_ = std::move(hook); }

  /// Waits until something is ready, poke(), or `until`; `until` in the past only looks. True: something was done.
  bool wait(TimePoint now, TimePoint until);
  void poke() noexcept;

 private:
  int epoll_ = -1, event_ = -1;
  std::mutex lock_;
  std::map<int, std::function<void()>> watched_;
  std::function<bool(TimePoint)> hook_;
};

}  // namespace gale::execute
