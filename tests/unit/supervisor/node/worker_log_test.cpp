// SPDX-License-Identifier: Apache-2.0
//
// The pieces of a worker's log; the whole, over processes, is case.worker-log.
#include "supervisor/node/worker_log.hpp"

#include "engine/base/log_file.hpp"

#include <doctest/doctest.h>

#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <vector>

namespace gale::node {
namespace {

namespace fs = std::filesystem;

struct Folder {
  Folder() {
    std::string pattern = (fs::temp_directory_path() / "gale-test-XXXXXX").string();
    REQUIRE(::mkdtemp(pattern.data()) != nullptr);
    path = pattern;
  }
  ~Folder() { fs::remove_all(path); }
  fs::path path;
};

std::string text_of(const fs::path& path) {
  std::ifstream file(path, std::ios::binary);
  return {std::istreambuf_iterator<char>(file), std::istreambuf_iterator<char>()};
}

std::vector<std::string> lines_of(const std::string& text, std::size_t piece) {
  Lines lines;
  std::vector<std::string> all;
  const auto line = [&](std::string_view one) { all.emplace_back(one); };
  for (std::size_t at = 0; at < text.size(); at += piece) lines.take(std::string_view(text).substr(at, piece), line);
  lines.end(line);
  return all;
}

TEST_CASE("Lines are the same however their text is cut into pieces") {
  const std::string text = "one\n\nthree\nno end";
  for (std::size_t piece = 1; piece <= text.size(); ++piece) {
    CHECK(lines_of(text, piece) == std::vector<std::string>{"one", "", "three", "no end"});
  }
  CHECK(lines_of("", 1).empty());
}

TEST_CASE("A line beyond the bound is cut into several, and none of it is lost") {
  for (const std::size_t more : {0u, 1u, 5u}) {
    const std::string text = std::string(2 * Lines::kMost + more, 'x') + "\nend\n";
    for (const std::size_t piece : {std::size_t{1000}, text.size()}) {
      std::string joined;
      for (const std::string& line : lines_of(text, piece)) {
        CHECK(line.size() <= Lines::kMost);
        joined += line;
      }
      CHECK(joined == std::string(2 * Lines::kMost + more, 'x') + "end");
    }
  }
}

TEST_CASE("A full file makes room for the next, and the oldest goes") {
  const Folder folder;
  const fs::path path = folder.path / "w.log";
  Result<log::LogFile> file = log::LogFile::open(path.string(), 100, 3);
  REQUIRE(file);
  for (int i = 0; i < 100; ++i) file->write("line " + std::to_string(1000 + i));
  file->flush();
  CHECK(text_of(path).ends_with("line 1099\n"));
  CHECK(fs::file_size(path) <= 100);
  CHECK(fs::file_size(folder.path / "w.1.log") <= 100);
  CHECK(fs::exists(folder.path / "w.2.log"));
  CHECK_FALSE(fs::exists(folder.path / "w.3.log"));
  const std::string all = text_of(folder.path / "w.2.log") + text_of(folder.path / "w.1.log") + text_of(path);
  for (std::size_t at = 0, n = 1100 - all.size() / 10; at < all.size(); at += 10, ++n) {
    CHECK(all.substr(at, 10) == "line " + std::to_string(n) + "\n");
  }
}

TEST_CASE("A log that cannot be opened says so; one that cannot be written goes on and counts") {
  const Folder folder;
  const auto none = log::LogFile::open((folder.path / "w.log" / "no").string(), 0, 3);
  REQUIRE_FALSE(none);
  CHECK(none.error().find("cannot write the log ") == 0);
  Result<log::LogFile> full = log::LogFile::open("/dev/full", 1 << 20, 1);
  REQUIRE(full);
  for (int i = 0; i < 10000; ++i) full->write("a line that is longer than nothing");
  full->flush();
  CHECK(full->lost() > 0);
}

}  // namespace
}  // namespace gale::node
