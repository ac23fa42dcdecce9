// SPDX-License-Identifier: Apache-2.0
#include "engine/crash/page.hpp"

#include "engine/crash/handler.hpp"
#include "engine/crash/legend.hpp"
#include "engine/crash/record.hpp"
#include "tests/unit/engine/crash/batch.hpp"

#include <sys/wait.h>
#include <unistd.h>

#include <csignal>
#include <fstream>
#include <latch>
#include <thread>

namespace gale::crash {
namespace {

constexpr TimePoint kBegan{std::chrono::seconds(5)};

std::unique_ptr<Page> page_in_memory() {
  Result<std::unique_ptr<Page>> page = Page::make("", kLegend);
  REQUIRE(page);
  return std::move(*page);
}

TEST_CASE("A legend names tasks and inputs; numbers beyond it name nothing") {
  CHECK(task_in(kLegend, 2) == "bolt split#1");
  CHECK(input_in(kLegend, 2, 1) == "more/odd");
  CHECK(input_in(kLegend, 1, 1).empty());
  CHECK(task_in(kLegend, 9).empty());
  CHECK(component_of("bolt split#1") == "split");
  CHECK(component_of("bolt a#b c#12") == "a#b c");
}

TEST_CASE("A thread's entry tells its call while it lasts, and nothing before and after") {
  const auto page = page_in_memory();
  const Thread thread(page.get());
  int calls = 0;
  const auto count = [&](Entry& entry) {
    ++calls;
    CHECK(entry.call == Call::kTick);
    CHECK(entry.task == 1);
    CHECK(entry.since_ns == kBegan.time_since_epoch().count());
  };
  page->each_call(count);
  CHECK(calls == 0);
  {
    const Scope scope(Call::kTick, TaskId(1), kBegan);
    page->each_call(count);
  }
  CHECK(calls == 1);
  page->each_call(count);
  CHECK(calls == 1);
}

TEST_CASE("Each thread has an entry of its own, and one that has ended gives it to the next") {
  const auto page = page_in_memory();
  for (int round = 0; round < 3000; ++round) {  // more than there are entries
    std::thread([&] { const Thread thread(page.get()); }).join();
  }
  std::latch both(2), seen(1);
  const auto in_call = [&](std::uint32_t task) {
    const Thread thread(page.get());
    const Scope scope(Call::kNext, TaskId(task), kBegan);
    both.count_down();
    seen.wait();
  };
  std::thread a(in_call, 1), b(in_call, 2);
  both.wait();
  std::uint32_t tasks = 0;
  page->each_call([&](const Entry& entry) { tasks += entry.task; });
  CHECK(tasks == 3);
  seen.count_down();
  a.join();
  b.join();
}

TEST_CASE("The tuple that runs is found by its number, wherever the call began") {
  const auto page = page_in_memory();
  const Thread thread(page.get());
  const std::string first = record_of(values_of(1, "one"), 0, 11), second = record_of(values_of(2, "two"), 1, 22);
  const std::string batch = first + second + record_of(values_of(3, "three"), 0, 33);
  const Scope scope(Call::kExecute, TaskId(2), kBegan);
  execute(batch, 3, 1);
  Seen seen;
  REQUIRE(look(*mine, seen));
  const std::string values = values_of(2, "two");
  CHECK(seen.input == 1);
  CHECK(seen.root == 22);
  CHECK(seen.size == values.size());
  CHECK(std::memcmp(seen.bytes, values.data(), values.size()) == 0);
  CHECK(seen.hash == hash_of(reinterpret_cast<const std::uint8_t*>(values.data()), values.size()));
  mine->first = 2;  // a later call of the same batch
  mine->at = reinterpret_cast<const std::uint8_t*>(batch.data()) + first.size() + second.size();
  mine->running = 2;
  REQUIRE(look(*mine, seen));
  CHECK(seen.root == 33);
}

TEST_CASE("An SDK that does not say where it is leaves the tuple unknown, and so does a batch that cannot be") {
  const auto page = page_in_memory();
  const Thread thread(page.get());
  const std::string batch = record_of(values_of(1, "one"), 0, 11);
  const Scope scope(Call::kExecute, TaskId(1), kBegan);
  Seen seen;
  execute(batch, 1, kNotSaid);
  CHECK_FALSE(look(*mine, seen));
  execute(batch, 1, 1);
  CHECK_FALSE(look(*mine, seen));
  const std::string zeros(64, '\0');
  execute(zeros, 2, 1);
  CHECK_FALSE(look(*mine, seen));
}

TEST_CASE("A long tuple is known by all of its bytes and shown by its first") {
  const auto page = page_in_memory();
  const Thread thread(page.get());
  const std::string a = record_of(values_of(1, std::string(5000, 'a') + "x"), 0, 1);
  const std::string b = record_of(values_of(1, std::string(5000, 'a') + "y"), 0, 1);
  const Scope scope(Call::kExecute, TaskId(1), kBegan);
  Seen one, other;
  execute(a, 1, 0);
  REQUIRE(look(*mine, one));
  execute(b, 1, 0);
  REQUIRE(look(*mine, other));
  CHECK(one.size > kTupleBytes);
  CHECK(std::memcmp(one.bytes, other.bytes, kTupleBytes) == 0);
  CHECK(one.hash != other.hash);
}

TEST_CASE("After a SIGKILL the page's file tells the call, its input's number, and the tuple when it had lasted") {
  const Folder folder;
  const std::string path = folder.file("page.1");
  const std::string batch = record_of(values_of(1, "one"), 0, 11) + record_of(values_of(777, "it"), 1, 22);
  for (const bool lasted : {false, true}) {
    const pid_t child = ::fork();
    if (child == 0) {
      const auto page = Page::make(path, kLegend);
      const Thread thread(page->get());
      const Scope scope(Call::kExecute, TaskId(2), kBegan);
      execute(batch, 2, 1);
      if (lasted) (*page)->each_call(Page::capture);
      ::kill(::getpid(), SIGKILL);
    }
    int status = 0;
    REQUIRE(::waitpid(child, &status, 0) == child);
    REQUIRE(WTERMSIG(status) == SIGKILL);
    const std::vector<Running> calls = read_running(path);
    REQUIRE(calls.size() == 1);
    CHECK(calls[0].task == "bolt split#1");
    CHECK(calls[0].source == "spout lines#0");
    CHECK(calls[0].of == 2);
    CHECK(calls[0].input == 1);
    CHECK(calls[0].tuple.has_value() == lasted);
    CHECK(calls[0].text() == (lasted ? "in bolt split#1, executing tuple (777, \"it\") of stream odd from more"
                                     : "in bolt split#1, executing tuple 2 of 2 from spout lines#0"));
  }
}

TEST_CASE("capture() believes nothing that is not there any more") {
  const auto page = page_in_memory();
  const Thread thread(page.get());
  const Scope scope(Call::kExecute, TaskId(1), kBegan);
  execute({}, 5, 3);
  mine->at = reinterpret_cast<const std::uint8_t*>(16);  // never mapped
  Page::capture(*mine);
  CHECK(mine->seen_of == kNotSaid);
  const std::string zeros(64, '\0');
  execute(zeros, 5, 3);
  Page::capture(*mine);
  CHECK(mine->seen_of == kNotSaid);
}

TEST_CASE("What is no page is none, and a page that cannot be made is an error that names it") {
  const Folder folder;
  CHECK(read_running(folder.file("none")).empty());
  std::ofstream(folder.file("short")) << "galepg1";
  CHECK(read_running(folder.file("short")).empty());
  std::ofstream(folder.file("other")) << std::string(4096, 'x');
  CHECK(read_running(folder.file("other")).empty());
  const auto page = Page::make(folder.file("no/such/folder"), kLegend);
  REQUIRE_FALSE(page);
  CHECK(page.error().find("no/such/folder") != std::string::npos);
}

}  // namespace
}  // namespace gale::crash
