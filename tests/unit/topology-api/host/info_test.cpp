// SPDX-License-Identifier: Apache-2.0
#include "topology-api/host/info.hpp"

#include "gale/runtime.hpp"

#include <doctest/doctest.h>

TEST_CASE("The SDK reads from a task's information what the host wrote into it") {
  gale::host::TaskInfo info{.topology = "wc",
                            .component = "count",
                            .task = 7,
                            .index = 2,
                            .tasks = 3,
                            .config = {{"limit", 5}},
                            .inputs = {{"split", "default", {"word"}}, {"other", "late", {"a", "b"}}},
                            .worker = 2,
                            .workers = 5,
                            .streams = {{"count", "default", {"word", "count"}}}};
  const std::string bytes = gale::host::task_info(info);
  gale_task task{};
  task.info = {bytes.data(), bytes.size()};
  gale::detail::Runtime runtime;
  runtime.task = &task;
  runtime.read_info();
  CHECK(runtime.topology == "wc");
  CHECK(runtime.component == "count");
  CHECK(runtime.id == 7);
  CHECK(runtime.index == 2);
  CHECK(runtime.tasks == 3);
  CHECK(runtime.config == gale::Value::Map{{"limit", 5}});
  REQUIRE(runtime.inputs.size() == 2);
  CHECK(runtime.inputs[1].name() == "other/late");
  CHECK(runtime.inputs[1].number == 1);
  CHECK(runtime.inputs[1].position("b") == 1);
  CHECK(runtime.inputs[1].position("c") == -1);
  CHECK(runtime.worker == 2);
  CHECK(runtime.workers == 5);
  REQUIRE(runtime.streams.size() == 1);
  CHECK(runtime.streams[0].position("count") == 1);
}
