// SPDX-License-Identifier: Apache-2.0
//
// Poller: what an idle pool thread waits on. One epoll set: an eventfd to be poked, the links' file descriptors, and
// those that components watch.
// Threads: wait() from one thread at a time (the pool sees to it); poke() and watch() from any.
#pragma once

#include "engine/base/clock.hpp"

#include <atomic>
#include <cstdint>
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

  /// Calls `ready` (on the waiting thread) whenever `fd` is readable, and returns the number of this watch; 0 when the
  /// kernel does not take this fd. Whatever watched the same number before watches no more.
  std::uint64_t watch(int fd, std::function<void()> ready);
  /// The same for a file descriptor that user code will drain: told once, and again after each arm().
  std::uint64_t watch_once(int fd, std::function<void(std::uint64_t)> ready);
  /// Nothing, when the file descriptor was closed since, even if another has its number now.
  void arm(int fd, std::uint64_t number);
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
  struct Watched {
    std::uint64_t number = 0;
    std::function<void()> ready;
  };
  std::uint64_t add(int fd, std::uint32_t events, std::uint64_t number, std::function<void()> ready);
  std::map<int, Watched> watched_;  // guarded by lock_
  std::atomic<std::uint64_t> last_number_{0};
  Hook hook_;
};

}  // namespace gale::execute
