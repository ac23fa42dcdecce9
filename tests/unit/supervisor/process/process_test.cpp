// SPDX-License-Identifier: Apache-2.0
#include "supervisor/process/process.hpp"

#include <doctest/doctest.h>
#include <poll.h>

#include <csignal>
#include <optional>

namespace gale::process {
namespace {

bool wait_for_end(Process& process, Exit& exit) {
  pollfd p{process.fd(), POLLIN, 0};
  return ::poll(&p, 1, 20000) == 1 && process.ended(exit);
}

TEST_CASE("A process that ends is seen through its descriptor, with its exit status") {
  Result<Process> process = Process::start({"/bin/sh", "-c", "exit 7"});
  REQUIRE(process);
  Exit exit;
  REQUIRE(wait_for_end(*process, exit));
  CHECK_FALSE(exit.by_signal);
  CHECK(exit.code == 7);
  CHECK(exit.text() == "exit status 7");
  CHECK_FALSE(process->ended(exit));  // said once
}

TEST_CASE("One that a signal ends says which") {
  Result<Process> process = Process::start({"/bin/sleep", "1000"});
  REQUIRE(process);
  Exit exit;
  CHECK_FALSE(process->ended(exit));
  process->signal(SIGKILL);
  REQUIRE(wait_for_end(*process, exit));
  CHECK(exit.by_signal);
  CHECK(exit.text() == "signal 9 (SIGKILL)");
  process->signal(SIGTERM);  // nobody: its number may be another's by now
}

TEST_CASE("A process lives no longer than its owner, wherever that has been moved to") {
  pid_t pid = 0;
  {
    Result<Process> process = Process::start({"/bin/sleep", "1000"});
    REQUIRE(process);
    pid = process->pid();
    std::optional<Process> owner(std::move(*process));
    CHECK(owner->pid() == pid);
    CHECK(::kill(pid, 0) == 0);
  }
  CHECK(::kill(pid, 0) != 0);  // waited for, too: no zombie is left
}

TEST_CASE("Its stdin is empty, so that it cannot take the terminal's") {
  Result<Process> process = Process::start({"/bin/sh", "-c", "read line && exit 1 || exit 0"});
  REQUIRE(process);
  Exit exit;
  REQUIRE(wait_for_end(*process, exit));
  CHECK(exit.code == 0);
}

TEST_CASE("A program that is not there is an error that names it") {
  const Result<Process> process = Process::start({"/nowhere/gale", "worker"});
  REQUIRE_FALSE(process);
  CHECK(process.error() == "cannot start /nowhere/gale: No such file or directory");
}

}  // namespace
}  // namespace gale::process
