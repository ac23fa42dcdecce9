// SPDX-License-Identifier: Apache-2.0
#include "engine/execute/poller.hpp"

#include "engine/base/assert.hpp"

#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include <algorithm>
#include <atomic>
#include <cerrno>
#include <ctime>

namespace gale::execute {
namespace {

constexpr int kEvents = 64;

/// epoll_pwait2 waits to the nanosecond; kernels before 5.11 have milliseconds only.
int wait_for(int epoll, epoll_event* events, Duration timeout) {
  static std::atomic<bool> fine{true};
  if (timeout > std::chrono::hours(1)) timeout = std::chrono::hours(1);
  if (timeout < Duration::zero()) timeout = Duration::zero();
  if (fine.load(std::memory_order_relaxed)) {
    const timespec ts{static_cast<time_t>(timeout.count() / 1'000'000'000),
                      static_cast<long>(timeout.count() % 1'000'000'000)};
    const int n = ::epoll_pwait2(epoll, events, kEvents, &ts, nullptr);
    if (n >= 0 || errno != ENOSYS) return n;
    fine = false;
  }
  const auto ms = std::chrono::ceil<std::chrono::milliseconds>(timeout);
  return ::epoll_wait(epoll, events, kEvents, static_cast<int>(ms.count()));
}

}  // namespace

Poller::Poller() : epoll_(::epoll_create1(EPOLL_CLOEXEC)), event_(::eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK)) {
  ASSERT(epoll_ >= 0 && event_ >= 0, "no file descriptor is left for the worker's poller");
  epoll_event e{};
  e.events = EPOLLIN;
  e.data.fd = event_;
  ASSERT(::epoll_ctl(epoll_, EPOLL_CTL_ADD, event_, &e) == 0, "an eventfd can be polled");
}

Poller::~Poller() {
  ::close(epoll_);
  ::close(event_);
}

std::uint64_t Poller::watch(int fd, std::function<void()> ready) {
  return add(fd, EPOLLIN | EPOLLRDHUP, ++last_number_, std::move(ready));
}

std::uint64_t Poller::watch_once(int fd, std::function<void(std::uint64_t)> ready) {
  const std::uint64_t number = ++last_number_;
  return add(fd, EPOLLIN | EPOLLRDHUP | EPOLLONESHOT, number, [number, ready = std::move(ready)] { ready(number); });
}

std::uint64_t Poller::add(int fd, std::uint32_t events, std::uint64_t number, std::function<void()> ready) {
  const std::lock_guard lock(lock_);
  epoll_event e{};
  e.events = events;
  e.data.fd = fd;
  if (::epoll_ctl(epoll_, EPOLL_CTL_MOD, fd, &e) != 0 && ::epoll_ctl(epoll_, EPOLL_CTL_ADD, fd, &e) != 0) return 0;
  watched_[fd] = {number, std::move(ready)};
  return number;
}

void Poller::arm(int fd, std::uint64_t number) {
  const std::lock_guard lock(lock_);
  const auto it = watched_.find(fd);
  if (it == watched_.end() || it->second.number != number) return;
  epoll_event e{};
  e.events = EPOLLIN | EPOLLRDHUP | EPOLLONESHOT;
  e.data.fd = fd;
  if (::epoll_ctl(epoll_, EPOLL_CTL_MOD, fd, &e) != 0) watched_.erase(it);  // closed: the kernel has forgotten it
}

void Poller::poke() noexcept {
  const std::uint64_t one = 1;
  [[maybe_unused]] const auto n = ::write(event_, &one, sizeof one);  // full means poked already
}

void Poller::wait(TimePoint now, TimePoint until) {
  if (hook_.service) until = std::min(until, hook_.service(now, until > now));
  epoll_event events[kEvents];
  const int n = wait_for(epoll_, events, until - now);
  for (int i = 0; i < n; ++i) {
    if (events[i].data.fd == event_) {
      std::uint64_t count = 0;
      [[maybe_unused]] const auto got = ::read(event_, &count, sizeof count);
      continue;
    }
    std::function<void()> ready;
    {
      const std::lock_guard lock(lock_);
      const auto it = watched_.find(events[i].data.fd);
      if (it != watched_.end()) ready = it->second.ready;
    }
    if (ready) ready();
  }
  if (n > 0 && hook_.service) hook_.service(now, false);
}

}  // namespace gale::execute
