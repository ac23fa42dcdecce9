// SPDX-License-Identifier: Apache-2.0
//
// StopSignals: Ctrl-C and TERM, or others, read when the command looks instead of interrupting it. Made before any
// thread is, so that all inherit the mask. Used by one thread.
#pragma once

#include <sys/signalfd.h>
#include <unistd.h>

#include <csignal>
#include <initializer_list>
#include <vector>

namespace gale::cli {

class StopSignals {
 public:
  explicit StopSignals(std::initializer_list<int> numbers = {SIGINT, SIGTERM}) {
    sigset_t set;
    sigemptyset(&set);
    for (const int number : numbers) sigaddset(&set, number);
    ::pthread_sigmask(SIG_BLOCK, &set, nullptr);
    fd_ = ::signalfd(-1, &set, SFD_NONBLOCK | SFD_CLOEXEC);
  }
  ~StopSignals() {
    if (fd_ >= 0) ::close(fd_);
  }
  StopSignals(const StopSignals&) = delete;
  StopSignals& operator=(const StopSignals&) = delete;

  /// Those that came since the last call.
  std::vector<int> take_numbers() {
    std::vector<int> came;
    signalfd_siginfo info;
    while (fd_ >= 0 && ::read(fd_, &info, sizeof info) == sizeof info) came.push_back(static_cast<int>(info.ssi_signo));
    return came;
  }
  /// How many.
  int take() { return static_cast<int>(take_numbers().size()); }
  /// Readable when some have come.
  [[nodiscard]] int fd() const noexcept { return fd_; }

 private:
  int fd_ = -1;
};

}  // namespace gale::cli
