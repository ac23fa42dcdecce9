// SPDX-License-Identifier: Apache-2.0
//
// ExitGuard: while one lives, exit() called by user code ends the process at once, with a message that names the task,
// instead of tearing down what other threads still use. One at a time; made when the plugins are loaded, so that it
// comes before their own exit handlers.
#pragma once

#include <string>

namespace gale::cli {

class ExitGuard {
 public:
  /// `record`: the exit record of this process, if it has one.
  explicit ExitGuard(const std::string& record = {});
  ~ExitGuard();
  ExitGuard(const ExitGuard&) = delete;
  ExitGuard& operator=(const ExitGuard&) = delete;
};

}  // namespace gale::cli
