// SPDX-License-Identifier: Apache-2.0
#include "engine/base/hint.hpp"
#include "engine/base/fault.hpp"

#include <doctest/doctest.h>

namespace gale {
namespace {

TEST_CASE("The edit distance counts inserts, deletes, replacements and swaps of neighbours, letter case aside") {
  CHECK(edit_distance("", "") == 0);
  CHECK(edit_distance("", "abc") == 3);
  CHECK(edit_distance("abc", "abc") == 0);
  CHECK(edit_distance("abc", "ABC") == 0);
  CHECK(edit_distance("spouts", "sputs") == 1);
  CHECK(edit_distance("spouts", "spotus") == 1);
  CHECK(edit_distance("spouts", "bolts") == 3);
}

TEST_CASE("The nearest name is the one that was probably meant, or none") {
  CHECK(nearest("spuots", {"bolts", "spouts", "streams"}) == "spouts");
  CHECK(nearest("classname", {"id", "className"}) == "className");
  CHECK(nearest("topology.worker", {"topology.workers", "topology.threads"}) == "topology.workers");
  CHECK(nearest("wholly-different", {"id", "className"}).empty());
  CHECK(nearest("x", {"y"}).empty());
  CHECK(nearest("", {"a"}).empty());
  CHECK(nearest(std::string(100000, 'a'), {std::string_view("a")}).empty());
}

TEST_CASE("A suggestion names the nearest, else all there are, else that there are none") {
  CHECK(suggest("lnies", {"lines", "count"}) == " (did you mean 'lines'?)");
  CHECK(suggest("zebra", {"lines", "count"}) == "; there are: lines, count");
  CHECK(suggest("zebra", {}) == "; there are none");
  CHECK(list_of(Names(15, "a")) == "a, a, a, a, a, a, a, a, a, a, a, a and 3 more");
}

TEST_CASE("Faults are sorted by place, those without one last, equal ones once") {
  Faults faults = {{{}, "nowhere"}, {{2, 1}, "b"}, {{1, 9}, "a"}, {{2, 1}, "b"}};
  sort_faults(faults);
  CHECK(faults == Faults{{{1, 9}, "a"}, {{2, 1}, "b"}, {{}, "nowhere"}});
  CHECK(render(faults[0], "f.yaml") == "f.yaml:1:9: a");
  CHECK(render(faults[2], "f.yaml") == "f.yaml: nowhere");
}

}  // namespace
}  // namespace gale
