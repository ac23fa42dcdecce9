// SPDX-License-Identifier: Apache-2.0
#include "supervisor/trial/compare.hpp"

#include <doctest/doctest.h>

namespace gale::trial {
namespace {

using Rows = std::vector<Value::Array>;
using Lines = std::vector<std::string>;

WantedRow row(std::vector<std::optional<Value>> values) { return {{}, std::move(values)}; }

TEST_CASE("Numbers are equal by value, a little apart at most; all else exactly") {
  const auto same = [](Value wanted, Value seen) { return matches(row({std::move(wanted)}), {std::move(seen)}); };
  CHECK(same(1, 1));
  CHECK(same(1, 1.0));
  CHECK(same(2.0, 2));
  CHECK(same(68.3333333333, 205.0 / 3));
  CHECK(same(Value::Array{1, 2.0}, Value::Array{1.0, 2}));
  CHECK(same(Value::Map{{"a", 1}}, Value::Map{{"a", 1.0}}));
  CHECK_FALSE(same(68.3, 205.0 / 3));
  CHECK_FALSE(same(1, 2));
  CHECK_FALSE(same(1, true));
  CHECK_FALSE(same("1", 1));
  CHECK_FALSE(same(1.0, "1"));
  CHECK_FALSE(same("a", Bytes{"a"}));
  CHECK_FALSE(same(Value::Array{1}, Value::Array{1, 2}));
  CHECK_FALSE(same(Value::Map{{"a", 1}}, Value::Map{{"b", 1}}));
}

TEST_CASE("A value that is left out may be anything, a value too many is not left out") {
  CHECK(matches(row({std::nullopt, 2}), {"x", 2}));
  CHECK_FALSE(matches(row({std::nullopt}), {"x", 2}));
}

TEST_CASE("In order: what is missing and what is too much stand where they belong") {
  CHECK(differences({row({"a"}), row({"b"})}, Rows{{"a"}, {"b"}}, true).empty());
  CHECK(differences({}, {}, true).empty());
  CHECK(differences({row({"a"}), row({"b"}), row({"c"})}, Rows{{"x"}, {"a"}, {"c"}, {"d"}}, true) ==
        Lines{"+ [\"x\"]", "  [\"a\"]", "- [\"b\"]", "  [\"c\"]", "+ [\"d\"]"});
  CHECK_FALSE(differences({row({"a"}), row({"b"})}, Rows{{"b"}, {"a"}}, true).empty());
}

TEST_CASE("In any order: a row that fits much leaves its first match to one that fits nothing else") {
  CHECK(differences({row({"a"}), row({"b"})}, Rows{{"b"}, {"a"}}, false).empty());
  CHECK(differences({row({std::nullopt}), row({"a"})}, Rows{{"a"}, {"b"}}, false).empty());
  CHECK(differences({row({"a"}), row({"a"})}, Rows{{"a"}}, false) == Lines{"  [\"a\"]", "- [\"a\"]"});
  CHECK(differences({row({std::nullopt, 1})}, Rows{{"a", 2}}, false) == Lines{"- [_, 1]", "+ [\"a\", 2]"});
}

TEST_CASE("Thousands of rows are compared, not given up") {
  Rows seen;
  std::vector<WantedRow> wanted;
  for (int i = 0; i < 5000; ++i) {
    seen.push_back({i % 7, "x"});
    wanted.push_back(row({i % 7, "x"}));
  }
  CHECK(differences(wanted, seen, true).empty());
  CHECK(differences(wanted, seen, false).empty());
  seen[2500] = {8, "x"};
  CHECK_FALSE(differences(wanted, seen, true).empty());
  CHECK_FALSE(differences(wanted, seen, false).empty());
  std::swap(seen[0], seen[2500]);
  CHECK_FALSE(differences(wanted, seen, true).empty());
}

TEST_CASE("A long difference is cut and says how much more there is") {
  Rows seen(100, Value::Array{1});
  const Lines lines = differences({}, seen, false);
  REQUIRE(lines.size() == 61);
  CHECK(lines.back() == "... and 40 lines more");
}

TEST_CASE("Reasons: the wanted text is a part of one that came; one too much is told") {
  const auto wanted = [](std::vector<std::string> texts) {
    std::vector<plan::Text> all;
    for (std::string& text : texts) all.push_back({std::move(text), {}});
    return all;
  };
  CHECK(reason_differences(wanted({"no space"}), {"x#0: no space left"}).empty());
  CHECK(reason_differences(wanted({"o", "no space"}), {"x#0: no space left", "other"}).empty());
  CHECK(reason_differences(wanted({}), {"why"}) == Lines{"+ why"});
  CHECK(reason_differences(wanted({"why"}), {}) == Lines{"- why"});
}

}  // namespace
}  // namespace gale::trial
