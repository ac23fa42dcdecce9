// SPDX-License-Identifier: Apache-2.0
#include "topology-api/components/file/line_source.hpp"

#include "scratch.hpp"
#include "topology-api/components/file/discover.hpp"

#include <gale/error.hpp>

#include <algorithm>

namespace gale::stock::file {
namespace {

using std::chrono::seconds;
using test::append_file;
using test::Folder;
using test::write_file;
using Lines = std::vector<std::string>;
namespace fs = std::filesystem;

constexpr TimePoint kBegin{};

/// All lines that are to be had now; each is done when `ack`.
Lines read(LineSource& source, bool ack = true) {
  Lines lines;
  SourceLine line;
  while (source.next(line) == LineSource::Got::kLine) {
    lines.emplace_back(line.text);
    if (ack) source.done(line.file, line.end);
  }
  return lines;
}
LineSource::Options finite(std::vector<std::string> patterns) { return {.patterns = std::move(patterns), .rules = {}}; }
LineSource::Options following(std::vector<std::string> patterns) {
  return {.patterns = std::move(patterns), .rules = {}, .follow = true};
}
struct Opened : LineSource {
  explicit Opened(Options options, std::vector<FileState> states = {}) : LineSource(std::move(options)) {
    open(std::move(states), kBegin);
  }
};

TEST_CASE("Files are read one after the other, patterns in the order of their names, each file once") {
  const Folder folder;
  write_file(folder / "b.log", "3\n4");
  write_file(folder / "a.log", "1\n2\n");
  write_file(folder / "c.txt", "5\n");
  fs::create_symlink(folder / "a.log", folder / "z.log");
  fs::create_directory(folder / "d.log");
  Opened source(finite({folder / "*.log", folder / "c.txt", folder / "b.log"}));
  CHECK(read(source) == Lines{"1", "2", "3", "4", "5"});
}

TEST_CASE("A line says where it stands") {
  const Folder folder;
  write_file(folder / "a", "12\n\n345\n");
  Opened source(finite({folder / "a"}));
  SourceLine line;
  REQUIRE(source.next(line) == LineSource::Got::kLine);
  REQUIRE(source.next(line) == LineSource::Got::kLine);
  REQUIRE(source.next(line) == LineSource::Got::kLine);
  CHECK(line.offset == 4);
  CHECK(line.end == 8);
  CHECK(line.path == folder / "a");
}

TEST_CASE("What is not there, or is no file, is told when it begins") {
  const Folder folder;
  const auto refusal = [&](const std::string& path) -> std::string {
    try {
      Opened source(finite({path}));
      return "none";
    } catch (const Error& e) {
      return e.what();
    }
  };
  CHECK(refusal(folder / "no") == "cannot read '" + (folder / "no") + "': No such file or directory");
  fs::create_directory(folder / "d");
  CHECK(refusal(folder / "d") == "cannot read '" + (folder / "d") + "': not a regular file");
  CHECK(refusal(folder / "*.x") ==
        "no file matches '" + (folder / "*.x") + "'; set 'path' or 'paths' to a file or a pattern");
}

TEST_CASE("A second run goes on where all was done, in files that grew and in new ones") {
  const Folder folder;
  write_file(folder / "a", "1\n2\n");
  write_file(folder / "b", "3\n4\n");
  std::vector<FileState> states;
  {
    Opened source(finite({folder / "*"}));
    SourceLine line;
    REQUIRE(source.next(line) == LineSource::Got::kLine);
    source.done(line.file, line.end);  // only the first
    read(source, false);
    states = source.states();
  }
  append_file(folder / "b", "5\n");
  write_file(folder / "c", "6\n");
  Opened source(finite({folder / "*"}), states);
  CHECK(read(source) == Lines{"2", "3", "4", "5", "6"});
  Opened again(finite({folder / "*"}), source.states());
  CHECK(read(again).empty());
}

TEST_CASE("Another file in the old one's place is read from its beginning") {
  const Folder folder;
  write_file(folder / "a", "1\n2\n");
  Opened source(finite({folder / "a"}));
  read(source);
  const std::vector<FileState> states = source.states();
  write_file(folder / "a", "x\ny\nz\n");  // the same inode, other bytes
  Opened other(finite({folder / "a"}), states);
  CHECK(read(other) == Lines{"x", "y", "z"});
  write_file(folder / "a", "1\n");  // cut short
  Opened shorter(finite({folder / "a"}), states);
  CHECK(read(shorter) == Lines{"1"});
}

TEST_CASE("A file that was rotated between two runs is read to its end first, with those rotated after it") {
  for (const bool follow : {false, true}) {
    const Folder folder;
    write_file(folder / "log", "1\n2\n");
    const auto options = follow ? following({folder / "log"}) : finite({folder / "log"});
    std::vector<FileState> states;
    {
      Opened source(options);
      SourceLine line;
      REQUIRE(source.next(line) == LineSource::Got::kLine);
      source.done(line.file, line.end);
      states = source.states();
    }
    append_file(folder / "log", "3\n");
    fs::rename(folder / "log", folder / "log.2");
    write_file(folder / "log.1", "4\n");
    write_file(folder / "log", "5\n");
    write_file(folder / "logbook", "no\n");
    const auto old = fs::last_write_time(folder / "log.2");
    fs::last_write_time(folder / "log.1", old + seconds(1));
    write_file(folder / "log.3", "older\n");
    fs::last_write_time(folder / "log.3", old - seconds(1));
    Opened source(options, states);
    CHECK(read(source) == Lines{"2", "3", "4", "5"});
  }
}

TEST_CASE("A followed file gives what is added to it, and a half line when its end comes") {
  const Folder folder;
  write_file(folder / "log", "1\nha");
  Opened source(following({folder / "log"}));
  CHECK(read(source) == Lines{"1"});
  append_file(folder / "log", "lf\n2\n");
  CHECK(read(source) == Lines{"half", "2"});
}

TEST_CASE("A followed file may come later, from a folder or a pattern") {
  const Folder folder;
  Opened source(following({folder / "log", folder / "*.x"}));
  CHECK(read(source).empty());
  write_file(folder / "log", "1\n");
  write_file(folder / "a.x", "2\n");
  CHECK(source.watch()->drain());
  source.refresh(kBegin);
  CHECK(read(source) == Lines{"1", "2"});
}

TEST_CASE("Rotation by rename: the old file is read on for a while, then its half line is its last") {
  const Folder folder;
  write_file(folder / "log", "1\n");
  Opened source(following({folder / "log"}));
  CHECK(read(source) == Lines{"1"});
  fs::rename(folder / "log", folder / "log.1");
  write_file(folder / "log", "2\n");
  append_file(folder / "log.1", "late\nlast");  // by a writer that had it open
  CHECK(source.watch()->drain());
  source.refresh(kBegin);
  CHECK(read(source) == Lines{"late", "2"});
  append_file(folder / "log", "3\n");
  CHECK(read(source) == Lines{"3"});
  source.refresh(kBegin + seconds(6));
  CHECK(read(source) == Lines{"last"});
  CHECK(source.states().size() == 1);  // the rotated one is done and forgotten
  append_file(folder / "log", "4\n");
  CHECK(read(source) == Lines{"4"});
}

TEST_CASE("A file that comes and is rotated before anybody looks is read all the same, in its order") {
  for (const bool deleted : {false, true}) {
    const Folder folder;
    write_file(folder / "log", "1\n");
    const auto old = fs::last_write_time(folder / "log") - seconds(10);
    fs::last_write_time(folder / "log", old);
    Opened source(following({folder / "log"}));
    CHECK(read(source) == Lines{"1"});
    fs::rename(folder / "log", folder / "log.3");
    write_file(folder / "log.2", "2\n");
    fs::last_write_time(folder / "log.2", old + seconds(1));
    write_file(folder / "log.1", "3\n");
    fs::last_write_time(folder / "log.1", old + seconds(2));
    write_file(folder / "log.2.gz", "no text");
    write_file(folder / "log.4", "older\n");
    fs::last_write_time(folder / "log.4", old - seconds(1));
    write_file(folder / "log", "4\n");
    if (deleted) fs::remove(folder / "log.3");
    source.refresh(kBegin);
    CHECK(read(source) == Lines{"2", "3", "4"});
    source.refresh(kBegin + seconds(1));
    CHECK(read(source).empty());
  }
}

TEST_CASE("Nor is one missed when somebody looked while there was no file, or after the last one was done") {
  for (const bool looked_late : {false, true}) {
    const Folder folder;
    write_file(folder / "log", "1\n");
    Opened source(following({folder / "log"}));
    CHECK(read(source) == Lines{"1"});
    fs::rename(folder / "log", folder / "log.1");
    source.refresh(kBegin);
    if (looked_late) source.refresh(kBegin + seconds(6));
    CHECK(read(source).empty());
    fs::rename(folder / "log.1", folder / "log.2");
    write_file(folder / "log.1", "2\n");
    source.refresh(kBegin + seconds(7));
    CHECK(read(source) == Lines{"2"});
    write_file(folder / "log.0", "3\n");
    fs::last_write_time(folder / "log.0", fs::last_write_time(folder / "log.1") + seconds(1));
    write_file(folder / "log", "4\n");
    source.refresh(kBegin + seconds(8));
    CHECK(read(source) == Lines{"3", "4"});
  }
}

TEST_CASE("A file that was rotated twice, the second time between two runs, is read on") {
  for (const bool follow : {false, true}) {
    const Folder folder;
    const auto options = follow ? following({folder / "log"}) : finite({folder / "log"});
    write_file(folder / "log", "0\n");
    std::vector<FileState> states;
    {
      Opened source(options);
      CHECK(read(source) == Lines{"0"});
      states = source.states();
    }
    fs::rename(folder / "log", folder / "log.2");
    write_file(folder / "log.1", "1\n2\n");
    fs::last_write_time(folder / "log.1", fs::last_write_time(folder / "log.2") + seconds(1));
    write_file(folder / "log", "5\n");
    fs::last_write_time(folder / "log", fs::last_write_time(folder / "log.2") + seconds(2));
    {
      Opened source(options, states);
      SourceLine line;
      do {
        REQUIRE(source.next(line) == LineSource::Got::kLine);
      } while (line.text != "1");
      source.done(line.file, line.end);
      states = source.states();
    }
    fs::rename(folder / "log.1", folder / "log.3");
    fs::rename(folder / "log", folder / "log.1");
    write_file(folder / "log", "6\n");
    Opened source(options, states);
    const Lines lines = read(source);
    CHECK(Lines(lines.end() - 3, lines.end()) == Lines{"2", "5", "6"});
  }
}

TEST_CASE("Rotation by truncation: the file begins anew, and is counted") {
  const Folder folder;
  write_file(folder / "log", "1\n2\n3\n");
  Opened source(following({folder / "log"}));
  CHECK(read(source) == Lines{"1", "2", "3"});
  fs::resize_file(folder / "log", 0);
  CHECK(read(source).empty());
  append_file(folder / "log", "4\n");
  CHECK(read(source) == Lines{"4"});
  CHECK(source.truncated() == 1);
  CHECK(source.states().at(0).offset == 2);
}

TEST_CASE("From the end: only what comes is read, unless the last run had read of it") {
  const Folder folder;
  write_file(folder / "log", "1\n");
  LineSource::Options options = following({folder / "log"});
  options.from_end = true;
  std::vector<FileState> states;
  {
    Opened source(options);
    CHECK(read(source).empty());
    append_file(folder / "log", "2\n");
    CHECK(read(source) == Lines{"2"});
    states = source.states();
  }
  append_file(folder / "log", "3\n");
  Opened source(options, states);
  CHECK(read(source) == Lines{"3"});
}

TEST_CASE("A file that is written to without end leaves the others their turn") {
  const Folder folder;
  write_file(folder / "a", "");
  std::string much;
  while (much.size() < 5u << 20) much += "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa\n";
  append_file(folder / "a", much);
  write_file(folder / "b", "b\n");
  Opened source(following({folder / "a", folder / "b"}));
  const Lines lines = read(source);
  const auto at = std::find(lines.begin(), lines.end(), "b") - lines.begin();
  CHECK(at < 40'000);
  CHECK(lines.size() == much.size() / 49 + 1);
}

TEST_CASE("Half lines of two files do not mix, and are not looked at again and again") {
  const Folder folder;
  write_file(folder / "a", "a");
  write_file(folder / "b", "b");
  Opened source(following({folder / "a", folder / "b"}));
  CHECK(read(source).empty());
  append_file(folder / "b", "bb\n");
  CHECK(read(source) == Lines{"bbb"});
  append_file(folder / "a", "aa\n");
  CHECK(read(source) == Lines{"aaa"});
}

TEST_CASE("Several tasks share the files: each is read by one of them") {
  const Folder folder;
  Lines wanted, got;
  for (int i = 0; i < 9; ++i) {
    write_file(folder / ("f" + std::to_string(i)), std::to_string(i) + "\n");
    wanted.push_back(std::to_string(i));
  }
  for (std::uint32_t index = 0; index < 3; ++index) {
    LineSource::Options options = finite({folder / "f*"});
    options.index = index;
    options.tasks = 3;
    Opened source(options);
    for (std::string& line : read(source)) got.push_back(std::move(line));
  }
  std::sort(got.begin(), got.end());
  CHECK(got == wanted);
}

}  // namespace
}  // namespace gale::stock::file
