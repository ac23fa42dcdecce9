// SPDX-License-Identifier: Apache-2.0
#include "topology-api/components/common/line_splitter.hpp"

#include <doctest/doctest.h>

#include <random>
#include <string>
#include <vector>

namespace gale::stock {
namespace {

/// All lines of `text`, given in pieces of at most `piece` bytes.
std::vector<std::string> split(LineSplitter& splitter, std::string_view text, std::size_t piece) {
  std::vector<std::string> lines;
  std::string_view line;
  while (!text.empty()) {
    const std::span<char> room = splitter.room();
    REQUIRE(!room.empty());
    const std::size_t n = std::min({piece, room.size(), text.size()});
    std::copy_n(text.data(), n, room.data());
    text.remove_prefix(n);
    splitter.filled(n);
    while (splitter.next(line)) lines.emplace_back(line);
  }
  while (splitter.rest(line)) lines.emplace_back(line);
  return lines;
}
std::vector<std::string> split(std::string_view text, LineRules rules, std::size_t piece = 3) {
  LineSplitter splitter(rules);
  return split(splitter, text, piece);
}
using Lines = std::vector<std::string>;

TEST_CASE("Lines end at a newline, the last one at the end of the input as well") {
  for (const std::size_t piece : {1, 2, 3, 100}) {
    CHECK(split("a\nbc\n\nd", {}, piece) == Lines{"a", "bc", "", "d"});
    CHECK(split("a\n", {}, piece) == Lines{"a"});
    CHECK(split("", {}, piece) == Lines{});
  }
}

TEST_CASE("Any byte but the newline is part of a line") {
  const std::string odd("\0\xff\xfe\r\x80", 5);
  CHECK(split(odd + "\n" + odd, {}) == Lines{odd, odd});
}

TEST_CASE("With crlf a carriage return before the newline is no part of the line, elsewhere it is") {
  CHECK(split("a\r\nb\n\r\nc\rd\r\r\ne\r", {.crlf = true}) == Lines{"a", "b", "", "c\rd\r", "e"});
  CHECK(split("a\r\n", {}) == Lines{"a\r"});
}

TEST_CASE("A line longer than the limit is cut, skipped or split, however it comes in") {
  const std::string text = "12345\n123456\n1234567890123\nab\n";
  for (const std::size_t piece : {1, 2, 7, 100}) {
    CHECK(split(text, {5, LongLine::kCut, false}, piece) == Lines{"12345", "12345", "12345", "ab"});
    CHECK(split(text, {5, LongLine::kSkip, false}, piece) == Lines{"12345", "ab"});
    CHECK(split(text, {5, LongLine::kSplit, false}, piece) ==
          Lines{"12345", "12345", "6", "12345", "67890", "123", "ab"});
    CHECK(split("12345\r\n123456\r\n", {5, LongLine::kCut, true}, piece) == Lines{"12345", "12345"});
    CHECK(split("1234567", {5, LongLine::kCut, false}, piece) == Lines{"12345"});
    CHECK(split("1234567", {5, LongLine::kSkip, false}, piece) == Lines{});
  }
}

TEST_CASE("Each long line is counted once") {
  for (const LongLine what : {LongLine::kCut, LongLine::kSkip, LongLine::kSplit}) {
    LineSplitter splitter({5, what, false});
    split(splitter, "123456789012345678\nab\n1234567\n", 4);
    CHECK(splitter.long_lines() == 2);
  }
}

TEST_CASE("What is consumed is what begins again: a long line not before its end was seen") {
  LineSplitter splitter({5, LongLine::kCut, false});
  std::string_view line;
  const auto give = [&](std::string_view bytes) {
    const std::span<char> room = splitter.room();
    std::copy(bytes.begin(), bytes.end(), room.begin());
    splitter.filled(bytes.size());
    return splitter.next(line);
  };
  CHECK(give("ab\n"));
  CHECK(splitter.consumed() == 3);
  CHECK_FALSE(give("1234567890"));
  CHECK(splitter.consumed() == 3);
  CHECK(splitter.in_line());
  CHECK(give("12\nx"));
  CHECK(line == "12345");
  CHECK(splitter.line_begin() == 3);
  CHECK(splitter.consumed() == 16);
  CHECK_FALSE(splitter.next(line));
  CHECK(splitter.in_line());
}

TEST_CASE("A line without an end costs no more room than the limit and a chunk") {
  LineSplitter splitter({1000, LongLine::kCut, false});
  std::string_view line;
  for (int i = 0; i < 2000; ++i) {
    const std::span<char> room = splitter.room();
    REQUIRE(room.size() <= 1000 + (64u << 10));
    std::fill(room.begin(), room.end(), 'x');
    splitter.filled(room.size());
    REQUIRE_FALSE(splitter.next(line));
  }
  REQUIRE(splitter.rest(line));
  CHECK(line == std::string(1000, 'x'));
}

TEST_CASE("In whatever pieces random text comes, the lines are the same, and all bytes are consumed") {
  std::mt19937 random(7);
  for (int round = 0; round < 300; ++round) {
    std::string text(random() % 200, ' ');
    for (char& c : text) c = "ab\r\n"[random() % 4];
    for (const LongLine what : {LongLine::kCut, LongLine::kSkip, LongLine::kSplit}) {
      const LineRules rules{1 + random() % 20, what, random() % 2 == 0};
      const Lines whole = split(text, rules, 1000);
      LineSplitter splitter(rules);
      const Lines pieces = split(splitter, text, 1 + random() % 5);
      if (what != LongLine::kSplit) CHECK(whole == pieces);  // where a piece ends may depend on what was there
      CHECK(splitter.consumed() == text.size());
    }
  }
}

}  // namespace
}  // namespace gale::stock
