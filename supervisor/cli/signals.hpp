// SPDX-License-Identifier: Apache-2.0
//
// StopSignals: Ctrl-C and TERM, read when the command looks instead of interrupting it. Made before any thread is, so
// that all inherit the mask. Used by one thread.
#pragma once

#include <sys/signalfd.h>
#include <unistd.h>

#include <csignal>
#include <initializer_list>

namespace gale::cli {

class StopSignals {
 public:
  explicit StopSignals(std::initializer_list<int> which = {SIGINT, SIGTERM}) {
    sigset_t set;
    sigemptyset(&set);
    for (const int one : which) sigaddset(&set, one);
    ::pthread_sigmask(SIG_BLOCK, &set, nullptr);
    fd_ = ::signalfd(-1, &set, SFD_NONBLOCK | SFD_CLOEXEC);
  }
  ~StopSignals() {
    if (fd_ >= 0) ::close(fd_);
  }
  StopSignals(const StopSignals&) = delete;
  StopSignals& operator=(const StopSignals&) = delete;

  /// How many came since the last call.
  int take() {
    int n = 0;
    signalfd_siginfo info;
    while (fd_ >= 0 && ::read(fd_, &info, sizeof info) == sizeof info) ++n;
    return n;
  }

 private:
  int fd_ = -1;
};

}  // namespace gale::cli
