// SPDX-License-Identifier: Apache-2.0
#include "engine/route/grouping.hpp"

#include "gale/codec/write.hpp"

#include <doctest/doctest.h>

#include <algorithm>
#include <string>
#include <vector>

using namespace gale;
using route::Grouping;

namespace {

constexpr std::uint32_t kGroups = 1024;

std::uint32_t choose(Grouping& grouping, const std::string& value) {
  const std::string tuple = '\x91' + value;
  const auto* begin = reinterpret_cast<const std::uint8_t*>(tuple.data());
  return grouping.choose(begin, begin + tuple.size());
}
plan::Edge edge_of(plan::Grouping kind) {
  plan::Edge edge;
  edge.grouping = kind;
  edge.key = {0};
  return edge;
}
/// How far the fullest and the emptiest task are from their share, as a part of it.
double imbalance(const std::vector<std::uint64_t>& counts, double total) {
  const double share = total / static_cast<double>(counts.size());
  const auto [least, most] = std::minmax_element(counts.begin(), counts.end());
  return std::max(static_cast<double>(*most) / share - 1, 1 - static_cast<double>(*least) / share);
}

}  // namespace

TEST_CASE("Shuffle is even to one tuple, and sources begin at different tasks") {
  const plan::Edge edge = edge_of(plan::Grouping::kShuffle);
  Grouping first(edge, 7, kGroups, 0), second(edge, 7, kGroups, 1);
  CHECK(choose(first, codec::packed(1)) != choose(second, codec::packed(1)));
  std::vector<std::uint64_t> counts(7);
  for (int i = 0; i < 700; ++i) ++counts[choose(first, codec::packed(i))];
  for (const auto n : counts) CHECK(n == 100);
}

TEST_CASE("Global sends all to the first task, all sends a copy to each") {
  const plan::Edge global = edge_of(plan::Grouping::kGlobal), all = edge_of(plan::Grouping::kAll);
  Grouping to_first(global, 5, kGroups, 3), to_each(all, 5, kGroups, 3), to_only(all, 1, kGroups, 0);
  CHECK(choose(to_first, codec::packed(9)) == 0);
  CHECK(choose(to_each, codec::packed(9)) == Grouping::kEvery);
  CHECK(choose(to_only, codec::packed(9)) == 0);
}

TEST_CASE("Fields sends equal keys to the same task, from every source, and keys evenly within a tenth") {
  const plan::Edge edge = edge_of(plan::Grouping::kFields);
  constexpr int kKeys = 200'000;
  for (const std::uint32_t tasks : {2u, 3u, 8u, 16u, 64u}) {
    CAPTURE(tasks);
    Grouping first(edge, tasks, kGroups, 0), second(edge, tasks, kGroups, 5);
    std::vector<std::uint64_t> counts(tasks);
    for (int i = 0; i < kKeys; ++i) {
      const std::string key = codec::packed("user-" + std::to_string(i));
      const std::uint32_t task = choose(first, key);
      REQUIRE(task < tasks);
      REQUIRE(task == choose(second, key));
      ++counts[task];
    }
    CHECK(imbalance(counts, kKeys) < 0.10);
  }
}

TEST_CASE("A key that is an array goes nowhere, with one task too") {
  const plan::Edge edge = edge_of(plan::Grouping::kFields);
  Grouping one(edge, 1, kGroups, 0), many(edge, 4, kGroups, 0);
  CHECK(choose(one, codec::packed(std::vector<int>{1})) == Grouping::kNobody);
  CHECK(choose(many, codec::packed(std::vector<int>{1})) == Grouping::kNobody);
}
