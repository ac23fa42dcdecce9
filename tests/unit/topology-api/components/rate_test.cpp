// SPDX-License-Identifier: Apache-2.0
#include "refusal.hpp"
#include "tests/support/fake_host.hpp"
#include "topology-api/components/rate/spout.hpp"

namespace gale::stock::rate {
namespace {

using test::FakeHost;

host::TaskInfo task(Value::Map config, std::uint32_t index = 0, std::uint32_t tasks = 1) {
  host::TaskInfo info{.topology = "t", .component = "numbers", .config = std::move(config), .inputs = {}};
  info.index = index;
  info.tasks = tasks;
  return info;
}

TEST_CASE("So many a second, by the host's clock, and then it ends") {
  FakeHost host(test::component_of<Spout>(), task({{"per_second", 10.0}, {"count", 3}}));
  host.started();
  for (int n = 0; n < 3; ++n) {
    CHECK(host.next(10));
    CHECK(host.emitted().size() == static_cast<std::size_t>(n + 1));
    CHECK(host.last_run.state == (n < 2 ? GALE_NEXT_UNTIL : GALE_NEXT_FINISHED));
    if (n < 2) CHECK(host.last_run.until_ns == (n + 1) * 100'000'000);
    host.now_ns += 100'000'000;
  }
  CHECK(host.emitted() == std::vector<test::Cells>{{0}, {1}, {2}});
}

TEST_CASE("After a pause it hurries for a second's worth and no more") {
  FakeHost host(test::component_of<Spout>(), task({{"per_second", 10.0}}));
  host.started();
  CHECK(host.next(100));
  host.now_ns = 60'000'000'000;
  CHECK(host.next(100));
  CHECK(host.emitted().size() == 1 + 11);
}

TEST_CASE("Several tasks together count through, each at its part of the pace") {
  FakeHost host(test::component_of<Spout>(), task({{"per_second", 10.0}, {"count", 7}, {"first", 100}}, 1, 2));
  host.started();
  CHECK(host.next(1));
  CHECK(host.next(1));
  CHECK(host.last_run.until_ns == 200'000'000);
  host.now_ns = 10'000'000'000;
  CHECK(host.next(100));
  CHECK(host.emitted() == std::vector<test::Cells>{{101}, {103}, {105}});
  CHECK(host.last_run.state == GALE_NEXT_FINISHED);
}

TEST_CASE("A pace of zero is no pace; untracked numbers have no id") {
  FakeHost host(test::component_of<Spout>(), task({{"per_second", 0.0}, {"count", 1000}, {"tracked", false}}));
  CHECK(host.started().next(2000));
  CHECK(host.emitted().size() == 1000);
  CHECK((host.records[0].head.flags & GALE_TRACKED) == 0);
}

TEST_CASE("A pace that divides no second is kept over a long time") {
  FakeHost host(test::component_of<Spout>(), task({{"per_second", 3.0}}));
  host.started();
  for (int i = 0; i < 300; ++i) {
    REQUIRE(host.next(1));
    REQUIRE(host.next(1));
    host.now_ns = host.last_run.until_ns;
  }
  CHECK(host.now_ns >= 99'999'999'999);
  CHECK(host.now_ns <= 100'000'000'001);
}

TEST_CASE("A pace that cannot be is refused") {
  CHECK(test::refusal(test::component_of<Spout>(), task({{"per_second", -1.0}})) ==
        "key 'per_second' may be 0 to 1000000000");
}

}  // namespace
}  // namespace gale::stock::rate
