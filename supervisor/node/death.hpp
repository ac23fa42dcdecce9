// SPDX-License-Identifier: Apache-2.0
//
// Death: what is known of a worker process that has ended: its exit status, what it wrote of its ending itself, what
// its threads were in, and whether the kernel killed it for want of memory. One way to learn it, for all that start
// workers. Threads: any.
#pragma once

#include "engine/crash/record.hpp"
#include "supervisor/process/process.hpp"

#include <sys/types.h>
#include <cstdint>
#include <optional>
#include <string>

namespace gale::node {

/// How often the kernel has killed for want of memory where a process lives: in its cgroup if that can be read, else on
/// this machine. Made when the process has started, asked when it is dead.
class OomKills {
 public:
  explicit OomKills(pid_t pid);
  /// One more than when this was made. Of the whole machine it may have been another process.
  [[nodiscard]] bool more() const { return count() > before_; }
  [[nodiscard]] bool of_machine() const noexcept { return of_machine_; }

 private:
  [[nodiscard]] std::uint64_t count() const;
  std::string path_;
  bool of_machine_ = true;
  std::uint64_t before_ = 0;
};

struct Death {
  std::string text;    // "SIGSEGV in bolt split#3, executing tuple (777) of stream default from lines"
  std::string report;  // the rest that is known, many lines; empty: nothing
  crash::Ending ending = crash::Ending::kUnknown;
  std::optional<crash::Suspect> suspect;  // the tuple that it speaks against, or makes doubtful...
  bool out_of_memory = false;             // ...since the kernel killed the process for want of memory...
  std::string shown;                      // ...for people
  std::optional<std::string> unsure;      // a component that crashed without saying with which
};

/// Of a process that has ended, or of one that somebody else started, whose exit status nobody knows.
[[nodiscard]] Death learn(const crash::Files& files, const std::optional<process::Exit>& exit, bool out_of_memory);

}  // namespace gale::node
