// SPDX-License-Identifier: Apache-2.0
#include "engine/route/turns.hpp"

#include <doctest/doctest.h>

#include <map>
#include <vector>

using namespace gale;
using route::Turns;

namespace {

std::map<std::uint32_t, int> count(Turns& turns, int times) {
  std::map<std::uint32_t, int> counts;
  for (int i = 0; i < times; ++i) ++counts[turns.next()];
  return counts;
}
void weigh(Turns& turns, std::vector<std::uint32_t> load) { turns.weigh(load); }

}  // namespace

TEST_CASE("Turns are even to one tuple while all tasks have room, however unlike their loads are") {
  Turns turns({4, 5, 9}, 1);
  weigh(turns, {0, 49, 30});
  CHECK(count(turns, 300) == std::map<std::uint32_t, int>{{4, 100}, {5, 100}, {9, 100}});
}

TEST_CASE("A task that is fuller than the others has one turn in eight, a full one none, and gets them back") {
  Turns turns({0, 1, 2}, 0);
  weigh(turns, {10, 60, 95});
  CHECK(count(turns, 900) == std::map<std::uint32_t, int>{{0, 800}, {1, 100}});
  weigh(turns, {10, 20, 20});
  CHECK(count(turns, 300) == std::map<std::uint32_t, int>{{0, 100}, {1, 100}, {2, 100}});
}

TEST_CASE("A full task gets nothing even if the others are nearly as full") {
  Turns turns({0, 1}, 0);
  weigh(turns, {76, 74});
  CHECK(count(turns, 100) == std::map<std::uint32_t, int>{{1, 100}});
}

TEST_CASE("Tasks that are all full share evenly: somebody must take it") {
  Turns turns({0, 1}, 0);
  weigh(turns, {100, 105});
  CHECK(count(turns, 100) == std::map<std::uint32_t, int>{{0, 50}, {1, 50}});
}

TEST_CASE("The turns of a task are spread over the round") {
  Turns turns({0, 1}, 0);
  weigh(turns, {0, 60});
  int in_a_row = 0;
  for (int i = 0; i < 100; ++i) {
    in_a_row = turns.next() == 0 ? in_a_row + 1 : 0;
    CHECK(in_a_row <= 8);
  }
}

TEST_CASE("Sources begin at different tasks") { CHECK(Turns({0, 1, 2}, 0).next() != Turns({0, 1, 2}, 1).next()); }
