// SPDX-License-Identifier: Apache-2.0
#include "supervisor/cli/exit_guard.hpp"

#include "engine/execute/pool.hpp"
#include "supervisor/cli/command.hpp"

#include <atomic>
#include <cstdlib>
#include <string>

namespace gale::cli {
namespace {

std::atomic<bool> guarded{false};

void refuse() {
  if (!guarded) return;
  const execute::Schedulable* const task = execute::Pool::running_here();
  complain((task == nullptr ? std::string("somebody") : task->name()) +
           " called exit() while the topology ran, which ends the whole worker; let it throw instead");
  std::_Exit(kFailed);
}

}  // namespace

ExitGuard::ExitGuard() {
  static const int registered = std::atexit(refuse);
  guarded = registered == 0;
}
ExitGuard::~ExitGuard() { guarded = false; }

}  // namespace gale::cli
