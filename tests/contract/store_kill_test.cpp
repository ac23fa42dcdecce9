// SPDX-License-Identifier: Apache-2.0
//
// A master that is killed at any write, sync or rename, or whose power is cut there: every change that was answered is
// there whole, the one under way wholly or not at all. A child works through a script of changes and tells each that
// has been answered; what its store holds afterwards is compared with a store in memory that did as much.
#include "tests/contract/store_kit.hpp"

#include <doctest/doctest.h>
#include <sys/wait.h>
#include <unistd.h>

#include <array>
#include <csignal>
#include <functional>
#include <random>

namespace gale::master {
namespace {

using namespace test;
using Fault = Disk::Fault;

constexpr std::size_t kChanges = 30;

const std::string& plugin() {
  static const std::string bytes = noise(1'500'000);
  return bytes;
}

const std::string kSha256 = sha256_of(plugin());

std::string request(std::size_t i) { return "r" + std::to_string(i); }

/// The i-th change. Each touches several rows, so that a half of it would show.
bool change(Store& store, std::size_t i) {
  if (i % 5 == 3) {
    const std::size_t part = plugin().size() / (kChanges / 5) + 1, at = i / 5 * part;
    return static_cast<bool>(
        store.put_plugin(kSha256, plugin().size(), at, std::string_view(plugin()).substr(at, part)));
  }
  Change one;
  one.put = {record("a-" + std::to_string(i), i * 17), record("b-0", i), record("c-0", i)};
  if (i >= 4) one.remove = {"a-" + std::to_string(i - 4)};
  one.answer = answer(request(i), i);
  one.now_ms = static_cast<std::int64_t>(i);
  return static_cast<bool>(store.apply(one));
}

std::string state_of(Store& store) {
  std::string all = std::to_string(*store.plugin_bytes(kSha256)) + told_by(store, request(0));
  for (std::size_t i = 1; i < kChanges; ++i) {
    const auto reply = store.answer_of(request(i));
    REQUIRE(reply);
    all += *reply ? control::encode(**reply) : "none";
  }
  return all;
}

/// What a store holds after the first `n` changes.
const std::string& state_after(std::size_t n) {
  static const std::vector<std::string> states = [] {
    std::vector<std::string> all;
    const auto store = memory_store();
    all.push_back(state_of(*store));
    for (std::size_t i = 0; i < kChanges; ++i) {
      REQUIRE(change(*store, i));
      all.push_back(state_of(*store));
    }
    return all;
  }();
  return states[n];
}

struct Ended {
  std::size_t answered = 0;  // changes
  std::uint64_t number = 0;  // the last one told
  bool killed = false;
};

struct Told {
  std::uint64_t changes, number;
};

/// In a child: opens FILE and works through the script from its beginning. `most`: killed from outside after as many.
Ended work(const std::string& file, Fault fault, std::uint64_t at, std::size_t most = SIZE_MAX) {
  std::array<int, 2> pipe{};
  REQUIRE_EQ(::pipe(pipe.data()), 0);
  state_after(0);
  const pid_t child = ::fork();
  REQUIRE_GE(child, 0);
  if (child == 0) {
    ::close(pipe[0]);
    arm(fault, at);
    std::vector<std::string> notes;
    auto store = open_sqlite_store(file, notes);
    if (!store) ::_exit(3);
    Told told{0, 0};
    for (std::size_t i = 0; i < kChanges; ++i) {
      const auto number = (*store)->next_number();
      if (!number) ::_exit(4);
      told.number = *number;
      if (::write(pipe[1], &told, sizeof told) != sizeof told) ::_exit(5);
      if (!change(**store, i)) ::_exit(6);
      ++told.changes;
      if (::write(pipe[1], &told, sizeof told) != sizeof told) ::_exit(5);
    }
    store->reset();
    ::_exit(0);
  }
  ::close(pipe[1]);
  Ended ended;
  Told told{};
  while (::read(pipe[0], &told, sizeof told) == sizeof told) {
    ended.answered = told.changes;
    ended.number = told.number;
    if (told.changes >= most) ::kill(child, SIGKILL);
  }
  ::close(pipe[0]);
  int status = 0;
  REQUIRE_EQ(::waitpid(child, &status, 0), child);
  ended.killed = WIFSIGNALED(status) && WTERMSIG(status) == SIGKILL;
  if (!ended.killed) REQUIRE_EQ(status, 0);
  return ended;
}

void look_at_what_is_left(const std::string& file, const Ended& ended) {
  const auto store = open_well(file);
  const std::string state = state_of(*store);
  const bool before = state == state_after(ended.answered);
  const bool with_next = ended.answered < kChanges && state == state_after(ended.answered + 1);
  CHECK((before || with_next));
  const auto number = store->next_number();
  REQUIRE(number);
  CHECK_GT(*number, ended.number);
  CHECK_LE(*number, ended.number + 2);
  CHECK(store->apply({.put = {record("later-1")}, .remove = {}, .answer = {}, .now_ms = 99}));
}

/// Kills at the first hundred steps, and then at every so many of the rest.
void kill_at_every_step(Fault fault) {
  std::size_t killed = 0, halves = 0;
  for (std::uint64_t at = 1;; at += at < 100 ? 1 : 13) {
    CAPTURE(at);
    const Folder folder;
    const Ended ended = work(folder.file(), fault, at);
    if (!ended.killed) break;
    ++killed;
    halves += ended.answered > 0 ? 1u : 0u;
    look_at_what_is_left(folder.file(), ended);
  }
  MESSAGE("killed ", killed, " times, ", halves, " of them with changes answered");
  CHECK_GE(killed, 100);
  CHECK_GE(halves, 50);
}

TEST_CASE("SQLite store: killed before any write, every answered change is there whole") {
  kill_at_every_step(Fault::kKillBefore);
}
TEST_CASE("SQLite store: killed in the middle of any write, the same") { kill_at_every_step(Fault::kKillHalfway); }
TEST_CASE("SQLite store: killed after any write, the same") { kill_at_every_step(Fault::kKillAfter); }
TEST_CASE("SQLite store: power cut at any write, what was answered was on disk") {
  kill_at_every_step(Fault::kPowerCut);
}

TEST_CASE("SQLite store: killed from outside at any moment, the same") {
  std::mt19937_64 dice(1);
  for (std::size_t round = 0; round < 40; ++round) {
    const std::size_t most = dice() % kChanges;
    CAPTURE(round);
    CAPTURE(most);
    const Folder folder;
    look_at_what_is_left(folder.file(), work(folder.file(), Fault::kNone, 0, most));
  }
}

TEST_CASE("SQLite store: killed while a damaged file is set aside, it is set aside by the next") {
  std::size_t killed = 0;
  for (const bool log_alone : {false, true}) {
    for (std::uint64_t at = 1;; ++at) {
      CAPTURE(at);
      CAPTURE(log_alone);
      const Folder folder;
      REQUIRE(open_well(folder.file())->apply({.put = {record("a-1")}, .remove = {}, .answer = {}, .now_ms = 1}));
      set_content(folder.file(), log_alone ? std::string() : std::string(8192, 'x'));
      set_content(folder.file() + "-wal", "what was in the log");
      const Ended ended = work(folder.file(), Fault::kKillBefore, at);
      if (ended.number != 0) break;  // it is through, and at its first change
      ++killed;
      std::vector<std::string> notes;
      const auto store = open_sqlite_store(folder.file(), notes);
      REQUIRE_MESSAGE(store, (store ? "" : store.error()));
      CHECK((*store)->topologies()->empty());
      CHECK_GT(*(*store)->next_number(), 1'000'000'000);
      std::size_t logs = 0;
      for (const std::string& name : folder.names("store.corrupt-"))
        logs += content_of(folder.path() / name) == "what was in the log" ? 1u : 0u;
      CHECK_EQ(logs, 1);
      if (!log_alone) CHECK_GE(folder.names("store.corrupt-").size(), 2);
    }
  }
  CHECK_GE(killed, 10);
}

}  // namespace
}  // namespace gale::master
