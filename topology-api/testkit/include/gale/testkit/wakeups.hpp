// SPDX-License-Identifier: Apache-2.0
//
// Wakeups: how other threads, and file descriptors, reach the test. wake() may be called from any thread; the rest from
// the test's own. The kit's own.
#pragma once

#include "gale/testkit/failure.hpp"

#include <poll.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include <cstdint>
#include <vector>

namespace gale::testkit::detail {

class Wakeups {
 public:
  Wakeups() : event_(::eventfd(0, EFD_NONBLOCK | EFD_CLOEXEC)) {
    if (event_ < 0) throw TestFailure("the test kit cannot have an eventfd: too many open files?");
  }
  Wakeups(const Wakeups&) = delete;
  Wakeups& operator=(const Wakeups&) = delete;
  ~Wakeups() { ::close(event_); }

  void wake() const noexcept {
    const std::uint64_t one = 1;
    [[maybe_unused]] const auto written = ::write(event_, &one, sizeof one);  // full means woken
  }
  /// Whether somebody woke since the last time.
  bool take() noexcept {
    std::uint64_t n = 0;
    return ::read(event_, &n, sizeof n) == static_cast<ssize_t>(sizeof n);
  }
  [[nodiscard]] bool watch(int fd) {
    if (fd < 0) return false;
    watched_.push_back(fd);
    return true;
  }
  [[nodiscard]] const std::vector<int>& watched() const noexcept { return watched_; }
  /// Waits for a wake or a readable descriptor; takes neither. False: the time is over.
  [[nodiscard]] bool wait(int milliseconds) const {
    std::vector<pollfd> all{{event_, POLLIN, 0}};
    for (const int fd : watched_) all.push_back({fd, POLLIN, 0});
    if (::poll(all.data(), all.size(), 0) > 0) {  // one that was closed is ready at once, and for ever
      for (pollfd& one : all) one.fd = (one.revents & POLLNVAL) != 0 ? -1 : one.fd;
    }
    return ::poll(all.data(), all.size(), milliseconds) > 0;
  }

 private:
  int event_;
  std::vector<int> watched_;  // the component's; one that it closed is passed over
};

}  // namespace gale::testkit::detail
