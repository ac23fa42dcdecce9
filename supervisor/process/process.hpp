// SPDX-License-Identifier: Apache-2.0
//
// Process: one child of ours, from start to exit, watched through a pidfd: its death is seen at once and its pid cannot
// be somebody else's. Owned by one thread.
#pragma once

#include "engine/base/result.hpp"

#include <sys/types.h>
#include <string>
#include <vector>

namespace gale::process {

struct Exit {
  bool by_signal = false;
  int code = 0;  // exit status, or the signal
  [[nodiscard]] std::string text() const;
};

class Process {
 public:
  /// Runs `arguments[0]` with stdin at /dev/null; stdout and stderr are ours.
  static Result<Process> start(const std::vector<std::string>& arguments);
  Process(Process&& other) noexcept;
  Process& operator=(Process&& other) noexcept;
  /// Kills it if it still runs, and waits.
  ~Process();

  [[nodiscard]] pid_t pid() const noexcept { return pid_; }
  /// Readable when it has ended.
  [[nodiscard]] int fd() const noexcept { return fd_; }
  void signal(int number) const noexcept;
  /// Without waiting. True: it has ended, and `exit` says how.
  bool ended(Exit& exit);

 private:
  Process(pid_t pid, int fd) : pid_(pid), fd_(fd) {}
  void release() noexcept;
  pid_t pid_ = -1;
  int fd_ = -1;
};

}  // namespace gale::process
