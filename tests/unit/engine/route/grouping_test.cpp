// SPDX-License-Identifier: Apache-2.0
#include "engine/route/grouping.hpp"

#include "gale/codec/write.hpp"

#include <doctest/doctest.h>

#include <algorithm>
#include <map>
#include <set>
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
route::Readers readers(std::uint32_t tasks, std::uint32_t salt = 0, std::vector<std::uint32_t> local = {}) {
  return {tasks, kGroups, salt, std::move(local), true};
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
  Grouping first(edge, readers(7)), second(edge, readers(7, 1));
  CHECK(choose(first, codec::packed(1)) != choose(second, codec::packed(1)));
  std::vector<std::uint64_t> counts(7);
  for (int i = 0; i < 700; ++i) ++counts[choose(first, codec::packed(i))];
  for (const auto n : counts) CHECK(n == 100);
}

TEST_CASE("Global sends all to the first task, all sends a copy to each") {
  const plan::Edge global = edge_of(plan::Grouping::kGlobal), all = edge_of(plan::Grouping::kAll);
  Grouping to_first(global, readers(5, 3)), to_each(all, readers(5, 3)), to_only(all, readers(1));
  CHECK(choose(to_first, codec::packed(9)) == 0);
  CHECK(choose(to_each, codec::packed(9)) == Grouping::kEvery);
  CHECK(choose(to_only, codec::packed(9)) == 0);
}

TEST_CASE("Fields sends equal keys to the same task, from every source, and keys evenly within a tenth") {
  const plan::Edge edge = edge_of(plan::Grouping::kFields);
  constexpr int kKeys = 200'000;
  for (const std::uint32_t tasks : {2u, 3u, 8u, 16u, 64u}) {
    CAPTURE(tasks);
    Grouping first(edge, readers(tasks)), second(edge, readers(tasks, 5));
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

TEST_CASE("Partial key gives each key two tasks at most, and evens out keys that are not alike") {
  const plan::Edge edge = edge_of(plan::Grouping::kPartialKey);
  constexpr int kKeys = 1000, kTuples = 200'000;
  for (const std::uint32_t tasks : {2u, 3u, 8u, 16u}) {
    CAPTURE(tasks);
    Grouping grouping(edge, readers(tasks));
    std::vector<std::uint64_t> counts(tasks);
    std::map<int, std::set<std::uint32_t>> of_key;
    for (int i = 0; i < kTuples; ++i) {
      const int key = i % 10 == 0 ? 0 : i % kKeys;  // every tenth tuple has the same key
      const std::uint32_t task = choose(grouping, codec::packed("user-" + std::to_string(key)));
      REQUIRE(task < tasks);
      of_key[key].insert(task);
      ++counts[task];
    }
    for (const auto& [key, on] : of_key) CHECK(on.size() <= 2);
    if (tasks > 2) CHECK(of_key[0].size() == 2);
    CHECK(imbalance(counts, kTuples) < 0.10);
  }
}

TEST_CASE("Two sources agree on the two tasks of a key, under every encoding of it") {
  const plan::Edge edge = edge_of(plan::Grouping::kPartialKey);
  Grouping first(edge, readers(16)), second(edge, readers(16, 5));
  std::set<std::uint32_t> on;
  const std::string wide("\xd3\0\0\0\0\0\0\0\x2a", 9);  // 42 in nine bytes
  for (int i = 0; i < 50; ++i) {
    on.insert(choose(first, codec::packed(42)));
    on.insert(choose(second, wide));
    static_cast<void>(choose(first, codec::packed("other-" + std::to_string(i))));  // shifts what was sent
  }
  CHECK(on.size() <= 2);
}

TEST_CASE("Local or shuffle stays among the tasks of its own worker; without one it is shuffle") {
  const plan::Edge edge = edge_of(plan::Grouping::kLocalOrShuffle);
  Grouping local(edge, readers(5, 3, {1, 4})), none(edge, readers(5, 3));
  std::vector<int> to_local(5), to_all(5);
  for (int i = 0; i < 100; ++i) {
    ++to_local[choose(local, codec::packed(i))];
    ++to_all[choose(none, codec::packed(i))];
  }
  CHECK(to_local == std::vector<int>{0, 50, 0, 0, 50});
  CHECK(to_all == std::vector<int>(5, 20));
}

TEST_CASE("Load matters to those that take turns, unless the topology says it does not") {
  const plan::Edge shuffle = edge_of(plan::Grouping::kShuffle), none = edge_of(plan::Grouping::kNone),
                   local = edge_of(plan::Grouping::kLocalOrShuffle), fields = edge_of(plan::Grouping::kFields),
                   partial = edge_of(plan::Grouping::kPartialKey), all = edge_of(plan::Grouping::kAll);
  route::Readers blind = readers(3);
  blind.look_at_load = false;
  CHECK(Grouping(shuffle, readers(3)).weighed().size() == 3);
  CHECK(Grouping(none, readers(3)).weighed().size() == 3);
  CHECK(Grouping(local, readers(3, 0, {0, 2})).weighed().size() == 2);
  CHECK(Grouping(shuffle, readers(1)).weighed().empty());
  CHECK(Grouping(shuffle, blind).weighed().empty());
  CHECK(Grouping(fields, readers(3)).weighed().empty());
  CHECK(Grouping(partial, readers(3)).weighed().empty());
  CHECK(Grouping(all, readers(3)).weighed().empty());
}

TEST_CASE("A key that is an array goes nowhere, with one task too") {
  const plan::Edge edge = edge_of(plan::Grouping::kFields), partial = edge_of(plan::Grouping::kPartialKey);
  Grouping half(partial, readers(4));
  CHECK(choose(half, codec::packed(std::vector<int>{1})) == Grouping::kNobody);
  Grouping one(edge, readers(1)), many(edge, readers(4));
  CHECK(choose(one, codec::packed(std::vector<int>{1})) == Grouping::kNobody);
  CHECK(choose(many, codec::packed(std::vector<int>{1})) == Grouping::kNobody);
}
