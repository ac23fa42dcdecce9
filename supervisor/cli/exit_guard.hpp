// SPDX-License-Identifier: Apache-2.0
//
// ExitGuard: while one lives, exit() called by user code ends the process at once, with a message that names the task,
// instead of tearing down what other threads still use. One at a time; made when the plugins are loaded, so that it
// comes before their own exit handlers.
#pragma once

namespace gale::cli {

class ExitGuard {
 public:
  ExitGuard();
  ~ExitGuard();
  ExitGuard(const ExitGuard&) = delete;
  ExitGuard& operator=(const ExitGuard&) = delete;
};

}  // namespace gale::cli
