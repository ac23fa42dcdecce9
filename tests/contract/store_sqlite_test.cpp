// SPDX-License-Identifier: Apache-2.0
//
// What the store on SQLite does beyond the contract: one master at a time, what is forgotten when, files of other
// programs and versions, its memory, and the recorded file of each schema version.
#include "tests/contract/store_kit.hpp"

#include <doctest/doctest.h>
#include <sqlite3.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <chrono>
#include <csignal>
#include <cstdlib>
#include <fstream>
#include <functional>

namespace gale::master {
namespace {

using namespace test;

constexpr std::int64_t kHour = 3'600'000;

std::string error_of_open(const std::string& file) {
  std::vector<std::string> notes;
  const auto store = open_sqlite_store(file, notes);
  REQUIRE_FALSE(store);
  CHECK(notes.empty());
  return store.error();
}

Change at(std::int64_t now_ms) { return {.put = {}, .remove = {}, .answer = {}, .now_ms = now_ms}; }

TEST_CASE("SQLite store: a second master is refused by the first one's process id") {
  const Folder folder;
  const auto store = open_well(folder.file());
  const std::string refused = folder.file() + " is in use by another master (process " + std::to_string(::getpid()) +
                              "); stop that one first, or give this one a file of its own";
  CHECK_EQ(error_of_open(folder.file()), refused);
  const pid_t child = ::fork();
  if (child == 0) {
    std::vector<std::string> notes;
    const auto second = open_sqlite_store(folder.file(), notes);
    ::_exit(!second && second.error() == refused ? 0 : 1);
  }
  int status = 0;
  REQUIRE_EQ(::waitpid(child, &status, 0), child);
  CHECK_EQ(status, 0);
  CHECK(store->next_number());
}

TEST_CASE("SQLite store: a child of a dead master does not keep the next one out") {
  const Folder folder;
  std::array<int, 2> pipe{};
  REQUIRE_EQ(::pipe(pipe.data()), 0);
  const pid_t master = ::fork();
  if (master == 0) {
    std::vector<std::string> notes;
    const auto store = open_sqlite_store(folder.file(), notes);
    const pid_t child = ::fork();
    if (child == 0) {
      for (;;) ::pause();
    }
    static_cast<void>(!::write(pipe[1], &child, sizeof child));
    for (;;) ::pause();
  }
  pid_t child = 0;
  REQUIRE_EQ(::read(pipe[0], &child, sizeof child), sizeof child);
  error_of_open(folder.file());
  ::kill(master, SIGKILL);
  REQUIRE_EQ(::waitpid(master, nullptr, 0), master);
  CHECK(open_well(folder.file())->next_number());
  CHECK_EQ(::kill(child, SIGKILL), 0);
  ::close(pipe[0]);
  ::close(pipe[1]);
}

TEST_CASE("SQLite store: answers are forgotten after an hour, by the clock of the changes") {
  const Folder folder;
  const auto store = open_well(folder.file());
  const std::int64_t then = 1'795'000'000'000;
  Change change = at(then);
  change.answer = answer("old");
  REQUIRE(store->apply(change));
  REQUIRE(store->apply(at(then + kHour)));
  CHECK(*store->answer_of("old"));
  REQUIRE(store->apply(at(then + kHour + 60'001)));
  CHECK_FALSE(*store->answer_of("old"));
}

TEST_CASE("SQLite store: a plugin that no topology names is forgotten when nobody asked for an hour") {
  const Folder folder;
  auto store = open_well(folder.file());
  const std::string named = noise(1000, 1), asked = noise(1000, 2), idle = noise(1000, 3), half = noise(1000, 4);
  for (const std::string& bytes : {named, asked, idle}) REQUIRE(store->put_plugin(sha256_of(bytes), 1000, 0, bytes));
  REQUIRE(store->put_plugin(sha256_of(half), 1000, 0, half.substr(0, 10)));
  Change change = at(kHour);
  change.put = {record("words-1")};
  change.put[0].revision.plugins[0].sha256 = sha256_of(named);
  REQUIRE(store->apply(change));
  const auto known = [&](const std::string& bytes) { return *store->plugin_bytes(sha256_of(bytes)) != 0; };

  for (std::int64_t now = kHour + 120'000; now < 2 * kHour; now += 120'000) {
    REQUIRE(store->has_plugin(sha256_of(asked)));
    REQUIRE(store->apply(at(now)));
  }
  REQUIRE(store->has_plugin(sha256_of(asked)));
  for (std::int64_t now = 2 * kHour; now <= 2 * kHour + 180'000; now += 60'000) REQUIRE(store->apply(at(now)));
  CHECK_FALSE(known(idle));
  CHECK_FALSE(known(half));
  CHECK(known(asked));
  CHECK(known(named));

  change = at(3 * kHour);  // from now on nobody names that one, and one hour begins
  change.remove = {"words-1"};
  REQUIRE(store->apply(change));
  REQUIRE(store->apply(at(4 * kHour - 1)));
  store.reset();
  store = open_well(folder.file());
  CHECK(known(named));
  REQUIRE(store->put_plugin(sha256_of(idle), 1000, 0, idle));
  CHECK_EQ(*store->read_plugin(sha256_of(idle), 0, 1000), idle);
}

TEST_CASE("SQLite store: a file that was lost is told, and its numbers are not told again") {
  const Folder folder;
  CHECK_EQ(*open_well(folder.file())->next_number(), 1);
  REQUIRE_EQ(::unlink(folder.file().c_str()), 0);
  std::vector<std::string> notes;
  const auto store = open_sqlite_store(folder.file(), notes);
  REQUIRE(store);
  CHECK_EQ(notes, std::vector<std::string>{folder.file() + " was lost; the master begins with no topologies"});
  CHECK_GT(*(*store)->next_number(), 1'000'000'000);
}

TEST_CASE("SQLite store: a file that is moved away while it is used takes no more changes") {
  const Folder folder;
  auto store = open_well(folder.file());
  REQUIRE(store->next_number());
  std::filesystem::rename(folder.file(), folder.file() + ".away");
  const auto refused = store->next_number();
  REQUIRE_FALSE(refused);
  CHECK_EQ(refused.error(), folder.file() +
                                " was moved or removed while the master used it; no more is written until "
                                "the master is started again: put the file back first");
  std::filesystem::rename(folder.file() + ".away", folder.file());
  CHECK_EQ(store->next_number().error(), refused.error());
  store.reset();
  CHECK_EQ(*open_well(folder.file())->next_number(), 2);
}

TEST_CASE("SQLite store: a newer schema, and another program's database, are refused and left as they are") {
  const Folder folder;
  const std::string file = folder.file();
  REQUIRE(open_well(file)->next_number());
  // The sum of version 2, as a later gale writes it.
  const std::string golden =
      content_of(std::string(std::getenv("GALE_SOURCE")) + "/tests/contract/golden/newer.sqlite");
  REQUIRE_FALSE(golden.empty());
  set_content(file, golden);
  CHECK_EQ(error_of_open(file),
           file + " was written by a newer gale (schema 2, this one knows 1); use that gale, or another file");
  CHECK(content_of(file) == golden);

  const std::string other = folder.path() / "other";
  run_sql(other, "CREATE TABLE customers(name TEXT)");
  CHECK_EQ(error_of_open(other), other + " is a database of another program; give the master a file of its own");
  CHECK_EQ(folder.names("other.corrupt-").size(), 0);
}

TEST_CASE("SQLite store: where no file can be is told") {
  const Folder folder;
  const std::string nowhere = folder.path() / "missing" / "store", is_folder = folder.path();
  CHECK_EQ(error_of_open(nowhere), "cannot open " + nowhere + ".lock: No such file or directory");
  CHECK_EQ(error_of_open("/proc/store").substr(0, 30), "cannot open /proc/store.lock: ");
}

TEST_CASE("SQLite store: another program that has it locked is waited for a second, and told") {
  const Folder folder;
  const auto store = open_well(folder.file());
  sqlite3* other = nullptr;
  REQUIRE_EQ(sqlite3_open(folder.file().c_str(), &other), SQLITE_OK);
  REQUIRE_EQ(sqlite3_exec(other, "BEGIN IMMEDIATE", nullptr, nullptr, nullptr), SQLITE_OK);
  CHECK_EQ(store->next_number().error(),
           folder.file() + " is locked by another program; end that (`fuser " + folder.file() + "` names it)");
  REQUIRE_EQ(sqlite3_exec(other, "ROLLBACK", nullptr, nullptr, nullptr), SQLITE_OK);
  CHECK_EQ(*store->next_number(), 1);
  REQUIRE_EQ(sqlite3_exec(other, "BEGIN; SELECT count(*) FROM topology", nullptr, nullptr, nullptr), SQLITE_OK);
  CHECK_EQ(*store->next_number(), 2);  // who only reads, a backup, is in nobody's way
  sqlite3_close(other);
}

TEST_CASE("SQLite store: its files are their owner's alone") {
  const Folder folder;
  const auto store = open_well(folder.file());
  REQUIRE(store->next_number());
  for (const std::string& name : folder.names()) {
    CAPTURE(name);
    struct stat status {};
    REQUIRE_EQ(::stat((folder.path() / name).c_str(), &status), 0);
    CHECK_EQ(status.st_mode & 0777, 0600);
  }
  CHECK_EQ(folder.names().size(), 4);
}

/// Bytes of memory this process has had at most since it began, or since reset_peak().
std::size_t peak_bytes() {
  std::ifstream in("/proc/self/status");
  for (std::string word; in >> word;) {
    std::size_t kb = 0;
    if (word == "VmHWM:" && in >> kb) return kb << 10;
  }
  return 0;
}
bool reset_peak() { return static_cast<bool>(std::ofstream("/proc/self/clear_refs") << "5" << std::flush); }

TEST_CASE("SQLite store: a plugin of 64 MiB costs no call more than a few of memory") {
  const Folder folder;
  auto store = open_well(folder.file());
  constexpr std::size_t kPart = 1 << 20, kParts = 64;
  std::string hashed;
  const auto part = [&](std::size_t i) { return noise(kPart, i + 1); };
  for (std::size_t i = 0; i < kParts; ++i) hashed += part(i);
  const std::string sha256 = sha256_of(hashed);
  std::string().swap(hashed);
  REQUIRE(reset_peak());
  const std::size_t before = peak_bytes();
  for (std::size_t i = 0; i < kParts; ++i) {
    if (i == kParts / 2) {  // a master that starts anew hashes what is there again
      store.reset();
      store = open_well(folder.file());
    }
    REQUIRE(store->put_plugin(sha256, kPart * kParts, i * kPart, part(i)));
  }
  for (std::size_t i = 0; i < kParts; ++i) {
    const auto read = store->read_plugin(sha256, i * kPart, kPart);
    REQUIRE(read);
    REQUIRE(*read == part(i));
  }
  MESSAGE("memory: ", (peak_bytes() - before) >> 10, " KiB more at most");
#ifndef __SANITIZE_ADDRESS__
  CHECK_LT(peak_bytes() - before, std::size_t{16} << 20);
#endif
}

/// The change that a file of schema version 1 was recorded with.
void recorded_in_version_1(Store& store) {
  const std::string plugin = noise(20'000, 11), half = noise(5'000, 12);
  REQUIRE(store.put_plugin(sha256_of(plugin), plugin.size(), 0, plugin));
  REQUIRE(store.put_plugin(sha256_of(half), half.size(), 0, half.substr(0, 3'000)));
  for (std::uint64_t n = 1; n <= 4; ++n) REQUIRE_EQ(*store.next_number(), n);
  Change change = at(1'795'000'000'000);
  for (std::uint64_t salt = 0; salt < 4; ++salt)
    change.put.push_back(record("words-" + std::to_string(salt + 1), salt));
  change.answer = answer("00112233445566778899aabbccddeeff", 1);
  REQUIRE(store.apply(change));
}

const std::string kGolden = "/tests/contract/golden/version-1.sqlite";

TEST_CASE("SQLite store: a file of schema version 1 opens with all that it holds") {
  const Folder folder;
  set_content(folder.file(), content_of(std::getenv("GALE_SOURCE") + kGolden));
  const auto store = open_well(folder.file());
  const auto expected = memory_store();
  recorded_in_version_1(*expected);
  CHECK(told_by(*store, "00112233445566778899aabbccddeeff") == told_by(*expected, "00112233445566778899aabbccddeeff"));
  const std::string plugin = noise(20'000, 11), half = noise(5'000, 12);
  CHECK(*store->read_plugin(sha256_of(plugin), 0, 30'000) == plugin);
  CHECK_EQ(*store->plugin_bytes(sha256_of(half)), 3'000);
  REQUIRE(store->put_plugin(sha256_of(half), half.size(), 3'000, half.substr(3'000)));
  CHECK_EQ(*store->next_number(), 5);
}

TEST_CASE("record the golden file: run with --no-skip in a build of the version that it is of" * doctest::skip()) {
  const std::string file = std::getenv("GALE_SOURCE") + kGolden;
  REQUIRE_FALSE(std::filesystem::exists(file));
  recorded_in_version_1(*open_well(file));
  std::filesystem::remove(file + ".lock");
}

double ms_of(const std::function<void()>& body) {
  const auto begun = std::chrono::steady_clock::now();
  body();
  return std::chrono::duration<double, std::milli>(std::chrono::steady_clock::now() - begun).count();
}

TEST_CASE("measure: run with --no-skip and TMPDIR on the disk in question" * doctest::skip()) {
  const Folder folder;
  auto store = open_well(folder.file());
  std::vector<double> commits;
  for (std::uint64_t i = 0; i < 500; ++i) {
    Change change = at(static_cast<std::int64_t>(i));
    change.put = {record("t-" + std::to_string(i % 100), i)};
    change.put[0].revision.file = std::string(5'000, 'x');
    change.answer = answer("r" + std::to_string(i), i);
    commits.push_back(ms_of([&] { REQUIRE(store->apply(change)); }));
  }
  std::sort(commits.begin(), commits.end());
  MESSAGE("a change with a topology of 5 KB and an answer: median ", commits[250], " ms, p99 ", commits[495], " ms");
  const auto open = [&](const std::string& what) {
    store.reset();
    std::vector<double> opens;
    for (int i = 0; i < 9; ++i) {
      opens.push_back(ms_of([&] { store = open_well(folder.file()); }));
      store.reset();
    }
    std::sort(opens.begin(), opens.end());
    MESSAGE("to open ", what, ": median ", opens[4], " ms");
    store = open_well(folder.file());
  };
  open("100 topologies, 500 answers");
  constexpr std::size_t kPart = 512 << 10, kPlugin = 8 << 20, kPlugins = 32;
  std::vector<double> puts, reads;
  for (std::size_t p = 0; p < kPlugins; ++p) {
    const std::string bytes = noise(kPlugin, p + 1), sha256 = sha256_of(bytes);
    for (std::size_t offset = 0; offset < kPlugin; offset += kPart) {
      const std::string_view part = std::string_view(bytes).substr(offset, kPart);
      puts.push_back(ms_of([&] { REQUIRE(store->put_plugin(sha256, kPlugin, offset, part)); }));
      if (offset + kPart == kPlugin) reads.push_back(ms_of([&] { REQUIRE(store->read_plugin(sha256, 0, kPart)); }));
    }
  }
  std::sort(puts.begin(), puts.end());
  std::sort(reads.begin(), reads.end());
  MESSAGE("512 KiB of a plugin: median ", puts[puts.size() / 2], " ms to put, ", reads[kPlugins / 2], " ms to read");
  open("the same and 256 MiB of plugins");
}

}  // namespace
}  // namespace gale::master
