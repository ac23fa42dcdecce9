// SPDX-License-Identifier: Apache-2.0
#include "engine/plan/placement.hpp"
#include "engine/plan/cycles.hpp"

#include <doctest/doctest.h>

#include <algorithm>
#include <random>
#include <set>

namespace gale::plan {
namespace {

std::vector<std::uint32_t> loads(std::span<const WorkerId> workers_of_tasks, std::uint16_t workers) {
  std::vector<std::uint32_t> load(workers);
  for (const WorkerId worker : workers_of_tasks) ++load.at(worker.value);
  return load;
}

void check_even(const std::vector<std::uint32_t>& load) {
  const auto [least, most] = std::minmax_element(load.begin(), load.end());
  CHECK(*most - *least <= 1);
}

TEST_CASE("Every task has a worker, and each component and the whole are even within one task") {
  std::mt19937 random(1);
  for (int round = 0; round < 1000; ++round) {
    const auto workers = static_cast<std::uint16_t>(1 + random() % 9);
    std::vector<Placeable> components(1 + random() % 8);
    std::size_t total = 0;
    for (Placeable& component : components) total += component.tasks = 1 + random() % 20;
    const std::vector<WorkerId> placed = place(components, workers);
    REQUIRE(placed.size() == total);
    check_even(loads(placed, workers));
    std::span<const WorkerId> rest = placed;
    for (const Placeable& component : components) {
      check_even(loads(rest.first(component.tasks), workers));
      rest = rest.subspan(component.tasks);
    }
  }
}

TEST_CASE("A pin holds for every task of its component, and the others are dealt as if it were not there") {
  std::mt19937 random(2);
  for (int round = 0; round < 1000; ++round) {
    const auto workers = static_cast<std::uint16_t>(1 + random() % 5);
    std::vector<Placeable> components(1 + random() % 8), free;
    for (Placeable& component : components) {
      component.tasks = 1 + random() % 6;
      if (random() % 2 == 0) component.pinned = WorkerId(static_cast<std::uint16_t>(random() % workers));
      if (!component.pinned) free.push_back(component);
    }
    std::vector<WorkerId> unpinned;
    std::size_t task = 0;
    const std::vector<WorkerId> placed = place(components, workers);
    for (const Placeable& component : components) {
      for (std::uint32_t i = 0; i < component.tasks; ++i, ++task) {
        if (component.pinned) CHECK(placed.at(task) == *component.pinned);
        if (!component.pinned) unpinned.push_back(placed.at(task));
      }
    }
    CHECK(task == placed.size());
    CHECK(unpinned == place(free, workers));
  }
}

Edge edge(std::uint16_t from, std::uint16_t to) {
  Edge e;
  e.from = ComponentId(from);
  e.to = ComponentId(to);
  return e;
}

TEST_CASE("Without a way back there is no cycle") {
  CHECK(find_cycles(0, {}).empty());
  const std::vector<Edge> diamond = {edge(0, 1), edge(0, 2), edge(1, 3), edge(2, 3)};
  CHECK(find_cycles(4, diamond).empty());
}

TEST_CASE("Each cycle is named by its edges, the one that closes it last") {
  CHECK(find_cycles(1, std::vector{edge(0, 0)}) == std::vector<Cycle>{{0}});
  const std::vector<Edge> two = {edge(0, 1), edge(1, 2), edge(2, 0), edge(2, 1)};
  CHECK(find_cycles(3, two) == std::vector<Cycle>{{0, 1, 2}, {1, 3}});
}

TEST_CASE("What is reported are cycles, and without the edges that close them there is none") {
  std::mt19937 random(3);
  for (int round = 0; round < 1000; ++round) {
    const std::size_t count = 1 + random() % 7;
    std::vector<Edge> edges;
    for (std::size_t i = random() % 15; i > 0; --i) {
      edges.push_back(edge(static_cast<std::uint16_t>(random() % count), static_cast<std::uint16_t>(random() % count)));
    }
    std::set<std::size_t> closing;
    for (const Cycle& cycle : find_cycles(count, edges)) {
      for (std::size_t i = 0; i < cycle.size(); ++i) {
        CHECK(edges[cycle[i]].to == edges[cycle[(i + 1) % cycle.size()]].from);
      }
      closing.insert(cycle.back());
    }
    std::vector<Edge> rest;
    for (std::size_t i = 0; i < edges.size(); ++i) {
      if (!closing.contains(i)) rest.push_back(edges[i]);
    }
    CHECK(find_cycles(count, rest).empty());
  }
}

TEST_CASE("Whoever leads into a cycle tells its END to all that are in it") {
  Plan plan;  // 0 -> 2 -> 3 -> 2, 1 -> 3, and 3 -> 4: what 1 emits comes to 2 by the edge that closes the cycle
  plan.components.resize(5);
  plan.edges = {edge(0, 2), edge(2, 3), edge(3, 2), edge(1, 3), edge(3, 4)};
  mark_feedback(plan);
  std::vector<bool> feedback;
  for (const Edge& e : plan.edges) feedback.push_back(e.feedback);
  CHECK(feedback == std::vector<bool>{false, false, true, false, false});
  std::set<std::pair<int, int>> ends;
  for (const EndEdge& e : plan.ends) ends.emplace(e.from.value, e.to.value);
  CHECK(ends == std::set<std::pair<int, int>>{{0, 3}, {1, 2}});
}

TEST_CASE("Groups are those from each of which a way leads to each other") {
  std::mt19937 random(5);
  for (int round = 0; round < 1000; ++round) {
    const std::size_t count = 1 + random() % 8;
    std::vector<Edge> edges;
    for (std::size_t i = random() % 16; i > 0; --i)
      edges.push_back(edge(static_cast<std::uint16_t>(random() % count), static_cast<std::uint16_t>(random() % count)));
    std::vector<std::vector<bool>> leads(count, std::vector<bool>(count));
    for (std::size_t i = 0; i < count; ++i) leads[i][i] = true;
    for (const Edge& e : edges) leads[e.from.value][e.to.value] = true;
    for (std::size_t k = 0; k < count; ++k)
      for (std::size_t i = 0; i < count; ++i)
        for (std::size_t j = 0; j < count; ++j) leads[i][j] = leads[i][j] || (leads[i][k] && leads[k][j]);
    const std::vector<std::size_t> group = find_groups(count, edges);
    for (std::size_t i = 0; i < count; ++i)
      for (std::size_t j = 0; j < count; ++j) CHECK((group[i] == group[j]) == (leads[i][j] && leads[j][i]));
  }
}

TEST_CASE("A chain of ten thousand components does not exhaust the stack") {
  std::vector<Edge> chain;
  for (std::uint16_t i = 0; i < 10'000; ++i) chain.push_back(edge(i, static_cast<std::uint16_t>((i + 1) % 10'000)));
  const std::vector<Cycle> cycles = find_cycles(10'000, chain);
  REQUIRE(cycles.size() == 1);
  CHECK(cycles[0].size() == 10'000);
}

}  // namespace
}  // namespace gale::plan
