// SPDX-License-Identifier: Apache-2.0
//
// Watching: shows something once, or again every second until Ctrl-C: over itself on a terminal, one after the other
// elsewhere.
#pragma once

#include "engine/base/clock.hpp"
#include "supervisor/cli/signals.hpp"

#include <poll.h>
#include <unistd.h>

#include <cstdio>
#include <string>

namespace gale::cli {

class Watching {
 public:
  Watching(bool watch, bool json) : watch_(watch), over_(watch && !json && ::isatty(STDOUT_FILENO) != 0) {}

  void show(const std::string& text) const {
    std::fputs(((over_ ? "\x1b[H\x1b[J" : "") + text).c_str(), stdout);
    std::fflush(stdout);
  }
  /// After a second. False: once was wanted, or Ctrl-C came, or nobody reads any more.
  bool again() {
    if (!watch_ || std::ferror(stdout) != 0) return false;
    for (int i = 0; i < 10; ++i) {
      if (signals_.take() > 0) return false;
      ::poll(nullptr, 0, 100);
    }
    return true;
  }

 private:
  bool watch_, over_;
  StopSignals signals_;
};

}  // namespace gale::cli
