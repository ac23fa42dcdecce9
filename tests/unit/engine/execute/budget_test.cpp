// SPDX-License-Identifier: Apache-2.0
#include "engine/execute/budget.hpp"
#include "tests/unit/engine/execute/fixtures.hpp"

#include <doctest/doctest.h>

#include <deque>
#include <thread>

namespace gale::execute {
namespace {

TEST_CASE("Who waits for the budget is woken once, when half of it is free") {
  RunningPool running(1);
  FunctionTask task;
  Budget budget(running.pool, 1000);
  budget.change(999);
  CHECK_FALSE(budget.exceeded());
  CHECK_FALSE(budget.wait(task));
  budget.change(1);
  CHECK(budget.exceeded());
  CHECK(budget.wait(task));
  CHECK(budget.wait(task));
  budget.change(-400);
  CHECK_FALSE(task.ran(1, std::chrono::milliseconds(20)));
  budget.change(-100);
  CHECK(task.ran(1));
  budget.change(-500);
  CHECK_FALSE(task.ran(2, std::chrono::milliseconds(20)));
  CHECK(budget.bytes() == 0);
  running.pool.stop();
}

TEST_CASE("Nobody who waits for the budget is forgotten, whenever it is freed") {
  std::deque<FunctionTask> tasks;  // outlive the pool
  RunningPool running(1);
  Budget budget(running.pool, 100);
  for (std::uint64_t round = 1; round <= 2000; ++round) {
    FunctionTask& task = tasks.emplace_back();
    budget.change(100);
    std::thread frees([&] { budget.change(-100); });
    const bool waits = budget.wait(task);
    frees.join();
    if (waits) REQUIRE(task.ran(1));
  }
  running.pool.stop();
}

}  // namespace
}  // namespace gale::execute
