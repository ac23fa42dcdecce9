// SPDX-License-Identifier: Apache-2.0
//
// The crash handler, in processes that crash.
#include "engine/crash/handler.hpp"

#include "engine/crash/record.hpp"
#include "tests/unit/engine/crash/batch.hpp"

#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include <csignal>
#include <cstdlib>
#include <functional>
#include <thread>

namespace gale::crash {
namespace {

/// Runs `f` in a process that has the handler, on a thread of the page; what it died of, and what it wrote.
Exit crash(const std::function<void(Page&)>& f, int wanted) {
  const Folder folder;
  const Files files{folder.path, Incarnation(1)};
  const pid_t child = ::fork();
  if (child == 0) {
    const rlimit no_core{0, 0};
    ::setrlimit(RLIMIT_CORE, &no_core);
    for (const int signal : {SIGSEGV, SIGBUS, SIGFPE}) std::signal(signal, SIG_DFL);  // a sanitizer's own
    auto page = Page::make(files.page(), kLegend);
    install(files.exit(), page->get());
    std::thread([&] {
      const Thread thread(page->get());
      f(**page);
    }).join();
    std::_Exit(0);
  }
  int status = 0;
  REQUIRE(::waitpid(child, &status, 0) == child);
  REQUIRE(WIFSIGNALED(status));
  CHECK(WTERMSIG(status) == wanted);
  const Result<Exit> exit = read_exit(files.exit());
  REQUIRE_MESSAGE(exit, exit.error());
  CHECK(exit->ending == Ending::kCrash);
  CHECK(exit->signal == wanted);
  return *exit;
}

volatile std::uintptr_t nowhere = 16;  // the first page is never there
[[gnu::noinline]] void store_to_nowhere() { *reinterpret_cast<volatile int*>(nowhere) = 1; }
[[gnu::noinline]] int recurse(volatile int* depth) {
  volatile char room[4096];
  room[0] = static_cast<char>(*depth);
  *depth = *depth + 1;
  if (*depth < 0) return 0;  // never
  return recurse(depth) + room[0];
}

const std::string kBatch = record_of(values_of(1, "one"), 0, 11) + record_of(values_of(777, "it"), 0, 22);

TEST_CASE("A fault in an execute is told with its tuple and its stack") {
  const Exit exit = crash(
      [](Page&) {
        const Scope scope(Call::kExecute, TaskId(1), TimePoint());
        execute(kBatch, 2, 1);
        store_to_nowhere();
      },
      SIGSEGV);
  CHECK(exit.running.text() == "in bolt split#0, executing tuple (777, \"it\") of stream default from lines");
  CHECK(exit.running.input == 1);
  CHECK(exit.running.tuple->root == 22);
  CHECK(suspect_of(exit)->component == "split");
  REQUIRE_FALSE(exit.stack.empty());
#if defined(__x86_64__) || defined(__aarch64__)
  CHECK_MESSAGE(exit.stack.front().text(false).find("store_to_nowhere") != std::string::npos, report(exit));
#endif
}

TEST_CASE("abort, a trap and a stack that overflows are told as well") {
  CHECK(crash([](Page&) { std::abort(); }, SIGABRT).running.text() == "in no call of user code");
  CHECK(crash([](Page&) { ::raise(SIGFPE); }, SIGFPE).running.task.empty());
  CHECK(crash([](Page&) { ::raise(SIGBUS); }, SIGBUS).running.task.empty());
  const Exit deep = crash(
      [](Page&) {
        const Scope scope(Call::kTick, TaskId(2), TimePoint());
        volatile int depth = 0;
        recurse(&depth);
      },
      SIGSEGV);
  CHECK(deep.running.text() == "in bolt split#1, in tick()");
  CHECK_FALSE(deep.stack.empty());
}

TEST_CASE("A batch that was overwritten costs the tuple, not the record") {
  const Exit exit = crash(
      [](Page&) {
        const Scope scope(Call::kExecute, TaskId(1), TimePoint());
        execute(kBatch, 2, 1);
        mine->at = reinterpret_cast<const std::uint8_t*>(16);
        store_to_nowhere();
      },
      SIGSEGV);
  CHECK(exit.running.text() == "in bolt split#0, executing tuple 2 of 2 from spout lines#0");
  CHECK_FALSE(suspect_of(exit));
}

TEST_CASE("A thread that hangs writes its own stack") {
  const Exit exit = crash(
      [](Page& page) {
        std::thread other([&] {
          Entry* found = nullptr;
          while (found == nullptr) page.each_call([&](Entry& entry) { found = &entry; });
          abort_hung(*found);
        });
        other.detach();
        execute(kBatch, 2, 0);
        const Scope scope(Call::kExecute, TaskId(1), TimePoint());
        mine->running = 0;
        while (true) asm volatile("");
      },
      SIGABRT);
  CHECK(exit.hung);
  CHECK(exit.running.tuple->text() == "(1, \"one\")");
  CHECK_FALSE(exit.stack.empty());
}

TEST_CASE("One that cannot be reached is told all the same") {
  const Exit exit = crash(
      [](Page& page) {
        std::thread other([&] {
          const Thread thread(&page);
          const Scope scope(Call::kExecute, TaskId(1), TimePoint());
          execute(kBatch, 2, 1);
          while (true) ::pause();
        });
        other.detach();
        while (true) {
          page.each_call([&](Entry& entry) {
            if (running_of(entry) == 1) abort_unreached(entry);
          });
        }
      },
      SIGABRT);
  CHECK(exit.hung);
  CHECK(exit.running.tuple->text() == "(777, \"it\")");
}

TEST_CASE("Of two threads that crash at once one is told whole") {
  for (int i = 0; i < 20; ++i) {
    const Exit exit = crash(
        [](Page& page) {
          std::thread other([&] {
            const Thread thread(&page);
            store_to_nowhere();
          });
          store_to_nowhere();
          other.join();
        },
        SIGSEGV);
    CHECK_FALSE(exit.stack.empty());
  }
}

}  // namespace
}  // namespace gale::crash
