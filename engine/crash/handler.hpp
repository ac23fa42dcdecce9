// SPDX-License-Identifier: Apache-2.0
//
// The crash handler: on SIGSEGV, SIGBUS, SIGFPE, SIGILL and SIGABRT it writes the exit record (record.hpp): the signal,
// the call and the tuple that the thread was in, its stack as modules and offsets. Then the signal takes its course.
// In it nothing is locked and nothing allocated: what is known best is written first, so that a second fault in the
// handler leaves that much. One a process.
#pragma once

#include "engine/base/ids.hpp"
#include "engine/crash/page.hpp"

#include <cstdint>
#include <string>

namespace gale::crash {

/// `record`: the file that is written; empty: lines on stderr. `page` is null, or lives as long as the process.
void install(const std::string& record, const Page* page);
/// Before the page goes: if it is that one, crashes are told without names from now on.
void forget(const Page* page) noexcept;

/// Makes the thread known to the page and gives it a stack for the handler, as long as it lives: for those that run
/// user code. `page` may be null.
class Thread {
 public:
  explicit Thread(Page* page);
  ~Thread();
  Thread(const Thread&) = delete;
  Thread& operator=(const Thread&) = delete;

 private:
  struct Stack;
  Page* page_;
  Entry* entry_ = nullptr;
  std::unique_ptr<Stack> stack_;
};

/// Ends the process because this thread's call has hung: the thread itself writes its stack and tuple into the record.
/// Returns before it has.
void abort_hung(const Entry& entry) noexcept;
/// The same where the thread cannot be reached, in an uninterruptible wait: without its stack.
[[noreturn]] void abort_unreached(const Entry& entry) noexcept;

}  // namespace gale::crash
