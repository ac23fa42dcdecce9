// SPDX-License-Identifier: Apache-2.0
#include "gale/frontier.hpp"

#include <doctest/doctest.h>

#include <algorithm>
#include <numeric>
#include <random>
#include <vector>

using gale::AckFrontier;

TEST_CASE("The frontier moves over what is acked without a gap") {
  AckFrontier frontier(5);
  for (const std::uint64_t p : {5, 6, 7}) frontier.taken(p);
  CHECK(frontier.next() == 5);
  frontier.acked(6);
  CHECK(frontier.next() == 5);
  frontier.acked(5);
  CHECK(frontier.next() == 7);
  CHECK(frontier.pending() == 1);
  frontier.acked(7);
  CHECK(frontier.next() == 8);
}

TEST_CASE("The frontier jumps over positions that a compacted log lacks") {
  AckFrontier frontier(0);
  frontier.taken(10);
  frontier.taken(20);
  frontier.acked(10);
  CHECK(frontier.next() == 11);
  frontier.acked(20);
  CHECK(frontier.next() == 21);
}

TEST_CASE("The frontier never goes back, whatever it is told") {
  AckFrontier frontier(0);
  frontier.acked(3);  // never taken
  CHECK(frontier.next() == 0);
  frontier.taken(0);
  frontier.acked(0);
  frontier.acked(0);
  frontier.taken(0);  // taken again after it was done
  frontier.acked(0);
  CHECK(frontier.next() == 1);
  frontier.taken(4);
  frontier.taken(4);
  frontier.taken(2);
  frontier.acked(4);
  CHECK(frontier.next() == 5);
  CHECK(frontier.pending() == 0);
}

TEST_CASE("In any order of acks the frontier is the lowest position that is open") {
  std::vector<std::uint64_t> order(500);
  std::iota(order.begin(), order.end(), 0);
  std::shuffle(order.begin(), order.end(), std::mt19937_64(3));
  AckFrontier frontier;
  for (std::uint64_t p = 0; p < order.size(); ++p) frontier.taken(p);
  std::vector<bool> done(order.size() + 1);
  for (const std::uint64_t p : order) {
    frontier.acked(p);
    done[p] = true;
    REQUIRE(frontier.next() == static_cast<std::uint64_t>(std::find(done.begin(), done.end(), false) - done.begin()));
  }
}
