// SPDX-License-Identifier: Apache-2.0
//
// Instance against component tables made by hand, as a plugin of another language might bring them.
#include "topology-api/host/instance.hpp"

#include <doctest/doctest.h>

#include <cstring>

using gale::host::Instance;

namespace {

int destroyed = 0;

gale_component bare(std::uint32_t kind) {
  gale_component c{};
  c.size = sizeof c;
  c.kind = kind;
  c.name = {"Bare", 4};
  c.create = [](const gale_task*, void** self, gale_text*) -> std::uint32_t {
    static int thing;
    *self = &thing;
    return GALE_OK;
  };
  c.destroy = [](void*) { ++destroyed; };
  return c;
}

}  // namespace

TEST_CASE("A function that a component lacks is OK where it may, and unsupported where it must not be called") {
  const gale_component c = bare(GALE_BOLT);
  const gale_task task{};
  gale::host::Created made = Instance::create(c, task);
  REQUIRE(made);
  Instance& instance = *made.instance;
  CHECK(instance.open());
  CHECK(instance.activate(true));
  CHECK(instance.tick(1));
  CHECK(instance.posted());
  CHECK(instance.close());
  const gale_completion completion{};
  CHECK(instance.completed({&completion, 1}));
  bool done = false;
  CHECK(instance.finish(done));
  CHECK(done);
  gale_run run{};
  CHECK(instance.next(run).code == GALE_UNSUPPORTED);
  CHECK(instance.next(run).text == "Bare has no next");
  gale_batch batch{};
  CHECK(instance.execute(batch).text == "Bare has no execute");
}

TEST_CASE("An instance is destroyed once, also when it was moved") {
  const gale_component c = bare(GALE_BOLT);
  const gale_task task{};
  destroyed = 0;
  {
    gale::host::Created made = Instance::create(c, task);
    Instance moved = std::move(*made.instance);
    CHECK(destroyed == 0);
  }
  CHECK(destroyed == 1);
}

TEST_CASE("A create that gives nothing is an error, not a null instance") {
  gale_component c = bare(GALE_BOLT);
  c.create = [](const gale_task*, void**, gale_text*) -> std::uint32_t { return GALE_OK; };
  const gale_task task{};
  CHECK(Instance::create(c, task).error == "component 'Bare' cannot be made: its create() gave nothing");
}

TEST_CASE("A text longer than the room, or a size that lies, is cut") {
  gale_component c = bare(GALE_BOLT);
  c.open = [](void*, gale_text* text) -> std::uint32_t {
    std::memset(text->data, 'x', text->capacity);
    text->size = UINT32_MAX;
    return GALE_THROWN;
  };
  const gale_task task{};
  gale::host::Created made = Instance::create(c, task);
  CHECK(made.instance->open().text == std::string(1024, 'x'));
}

TEST_CASE("A finish that throws is done") {
  gale_component c = bare(GALE_BOLT);
  c.finish = [](void*, std::uint32_t* done, gale_text*) -> std::uint32_t {
    *done = 0;
    return GALE_THROWN;
  };
  const gale_task task{};
  gale::host::Created made = Instance::create(c, task);
  bool done = false;
  CHECK_FALSE(made.instance->finish(done));
  CHECK(done);
}
