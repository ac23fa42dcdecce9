// SPDX-License-Identifier: Apache-2.0
//
// Reading a worker's log for others: its end, what was added, over a rotation; and nothing else on this disk.
#include "supervisor/node/log_read.hpp"

#include "supervisor/node/log_tail.hpp"

#include <doctest/doctest.h>
#include <sys/stat.h>

#include <cstdlib>
#include <fstream>

namespace gale::node {
namespace {

namespace fs = std::filesystem;

struct Logs {
  Logs() {
    std::string pattern = (fs::temp_directory_path() / "gale-test-XXXXXX").string();
    REQUIRE(::mkdtemp(pattern.data()) != nullptr);
    path = fs::path(pattern) / "logs";
    fs::create_directories(path / "t-1");
  }
  ~Logs() { fs::remove_all(path.parent_path()); }
  void add(const std::string& text) { std::ofstream(log_path(path, "t-1", WorkerId(0)), std::ios::app) << text; }
  void rotate() { fs::rename(log_path(path, "t-1", WorkerId(0)), log_path(path, "t-1", WorkerId(0), true)); }
  LogPart read(LogAsk ask = {}) {
    if (ask.topology.empty()) ask.topology = "t-1";
    const Result<LogPart> part = read_log(path, ask);
    REQUIRE_MESSAGE(part, part.error());
    return *part;
  }
  fs::path path;
};

LogAsk from(const LogPart& part) {
  LogAsk ask;
  ask.offset = part.offset;
  ask.file = part.file;
  return ask;
}

TEST_CASE("The last lines of a log, or the last that have a text in them; half a line is not told yet") {
  Logs logs;
  for (int i = 0; i < 1000; ++i) logs.add((i % 10 == 0 ? "ten " : "") + std::to_string(i) + "\n");
  logs.add("half");
  LogAsk ask;
  ask.lines = 2;
  LogPart part = logs.read(ask);
  CHECK(part.text == "998\n999\n");
  CHECK(part.cut);
  ask.grep = "ten ";
  CHECK(logs.read(ask).text == "ten 980\nten 990\n");
  ask.grep = "absent";
  CHECK(logs.read(ask).text.empty());
  CHECK_FALSE(logs.read(ask).cut);
  logs.add(" of it\n");
  CHECK(logs.read(from(part)).text == "half of it\n");
}

TEST_CASE("What was added since is told once, also when the log was moved on meanwhile") {
  Logs logs;
  logs.add("a\n");
  LogPart part = logs.read();
  CHECK(logs.read(from(part)).text.empty());
  logs.add("b\n");
  logs.rotate();
  logs.add("c\n");
  part = logs.read(from(part));
  CHECK(part.text == "b\nc\n");
  logs.add("d\n");
  CHECK(logs.read(from(part)).text == "d\n");
  LogAsk lost = from(part);
  lost.file = 1;  // gone for good: what there is of the present one
  CHECK(logs.read(lost).text == "c\nd\n");
  lost = from(part);
  lost.offset = 1u << 30;
  CHECK(logs.read(lost).text == "c\nd\n");
}

TEST_CASE("An answer is bounded whatever the log is and whatever is asked") {
  Logs logs;
  logs.add(std::string(3u << 20, 'x'));
  LogAsk ask;
  ask.lines = 4'000'000'000u;
  CHECK(logs.read(ask).text.size() <= kMostLogBytes + 1);
  logs.add("\n" + std::string(100'000, '\n'));
  CHECK(logs.read(ask).text.size() == kMostLogLines);
  ask.lines = 0;
  CHECK(logs.read(ask).text == "\n");
}

TEST_CASE("Nothing but a worker's log is read, whatever the topology is called") {
  Logs logs;
  logs.add("mine\n");
  std::ofstream(logs.path.parent_path() / "worker-1.log") << "secret\n";
  std::ofstream(logs.path / "worker-1.log") << "secret\n";
  for (const std::string name : {"..", ".", "", "../logs/t-1", "t-1/../..", "/etc", "t-1/", "%2E%2E", "..%2f",
                                 "\\..\\..", "....//", "~", "proc/self"}) {
    LogAsk ask;
    ask.topology = name;
    const Result<LogPart> part = read_log(logs.path, ask);
    CHECK_FALSE(part);
  }
  LogAsk nul;
  nul.topology = std::string("t-1\0", 4);
  CHECK_FALSE(read_log(logs.path, nul));
}

TEST_CASE("A link, a folder, a pipe or a device in the place of a log is none") {
  Logs logs;
  const fs::path file = log_path(logs.path, "t-1", WorkerId(0));
  const fs::path secret = logs.path.parent_path() / "secret";
  std::ofstream(secret) << "secret\n";
  LogAsk ask;
  ask.topology = "t-1";
  fs::create_symlink(secret, file);
  CHECK_FALSE(read_log(logs.path, ask));
  CHECK(log_tail(file, 10, 100).empty());
  fs::remove(file);
  fs::create_directory(file);
  CHECK_FALSE(read_log(logs.path, ask));
  CHECK(log_tail(file, 10, 100).empty());
  fs::remove(file);
  REQUIRE(::mkfifo(file.c_str(), 0600) == 0);
  CHECK_FALSE(read_log(logs.path, ask));
  CHECK(log_tail(file, 10, 100).empty());
  fs::remove_all(logs.path / "t-1");
  fs::create_directory(logs.path.parent_path() / "other");
  std::ofstream(logs.path.parent_path() / "other/worker-1.log") << "secret\n";
  fs::create_directory_symlink(logs.path.parent_path() / "other", logs.path / "t-1");
  CHECK_FALSE(read_log(logs.path, ask));
}

TEST_CASE("log_tail: the end of a log, bounded in lines and bytes, each after a newline") {
  Logs logs;
  const fs::path file = log_path(logs.path, "t-1", WorkerId(0));
  CHECK(log_tail(file, 2, 100).empty());
  logs.add("one\n");
  CHECK(log_tail(file, 2, 100) == "\none");
  logs.add("two\nthree\n");
  CHECK(log_tail(file, 2, 100) == "\ntwo\nthree");
  CHECK(log_tail(file, 5, 100) == "\none\ntwo\nthree");
  CHECK(log_tail(file, 5, 6) == "\nthree");
}

}  // namespace
}  // namespace gale::node
