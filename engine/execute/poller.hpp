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
  /// Sockets whose readiness is edge-triggered, and what is gathered to be sent: service() runs before and after each
  /// wait and says when it must run again, a time not after `now` when it must not sleep; flush() before a thread
  /// parks.
  struct Hook {
    std::function<TimePoint(TimePoint now, bool before_sleep)> service;
    std::function<void(TimePoint now)> flush;
  };
  void set_hook(Hook hook) { hook_ = std::move(hook); }
  void flush(TimePoint now) {
    if (hook_.flush) hook_.flush(now);
  }

  /// Waits until something is ready, poke(), or `until`; `until` not after `now` only looks.
  void wait(TimePoint now, TimePoint until);
  void poke() noexcept;

 private:
  int epoll_ = -1, event_ = -1;
  std::mutex lock_;
  std::map<int, std::function<void()>> watched_;
  Hook hook_;
};

}  // namespace gale::execute
