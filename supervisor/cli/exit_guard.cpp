// SPDX-License-Identifier: Apache-2.0
#include "supervisor/cli/exit_guard.hpp"

#include "engine/crash/record.hpp"
#include "engine/execute/pool.hpp"
#include "supervisor/cli/command.hpp"

#include <atomic>
#include <cstdlib>
#include <string>

namespace gale::cli {
namespace {

std::atomic<bool> guarded{false};
std::string record_of_exit;  // written when nothing runs yet

void refuse() {
  if (!guarded) return;
  const execute::Schedulable* const task = execute::Pool::running_here();
  const std::string why = (task == nullptr ? std::string("somebody") : task->name()) +
                          " called exit() while the topology ran, which ends the whole worker; let it throw instead";
  complain(why);
  if (!record_of_exit.empty())
    static_cast<void>(crash::write_exit(record_of_exit, crash::Ending::kFailed, kFailed, why));
  std::_Exit(kFailed);
}

}  // namespace

ExitGuard::ExitGuard(const std::string& record) {
  record_of_exit = record;
  static const int registered = std::atexit(refuse);
  guarded = registered == 0;
}
ExitGuard::~ExitGuard() { guarded = false; }

}  // namespace gale::cli
