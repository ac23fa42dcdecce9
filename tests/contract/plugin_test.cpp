// SPDX-License-Identifier: Apache-2.0
//
// The boundary for real: the probe plugin by dlopen, by this compiler and, where there is one, by the other.
#include "topology-api/host/plugin.hpp"
#include "tests/support/fake_host.hpp"

#include <cstdlib>
#include <filesystem>

using namespace gale;
using namespace gale::test;

namespace {

std::vector<std::filesystem::path> probes() {
  const char* build = std::getenv("GALE_BUILD");
  REQUIRE(build != nullptr);
  const std::filesystem::path dir = std::filesystem::path(build) / "tests" / "plugins";
  std::vector<std::filesystem::path> all{dir / "probe.so"};
  if (std::filesystem::exists(dir / "probe_other.so")) all.push_back(dir / "probe_other.so");
  return all;
}

template <class F>
void with_each_probe(F f) {
  for (const auto& file : probes()) {
    CAPTURE(file.string());
    const host::Opened opened = host::Plugin::open(file);
    REQUIRE(opened.error == "");
    f(*opened.plugin);
  }
}

host::TaskInfo probe_task(Value::Map config) { return task_with({"n", "text"}, std::move(config)); }

}  // namespace

TEST_CASE("Numbers leave a plugin with their ids, and its end is told") {
  with_each_probe([](const host::Plugin& plugin) {
    FakeHost host(*plugin.find("Numbers"), probe_task({{"count", 5}, {"padding", 300}}));
    host.started();
    CHECK(host.next(100));
    CHECK(host.last_run.state == GALE_NEXT_FINISHED);
    REQUIRE(host.emitted().size() == 5);
    CHECK(host.records[4].id == 4);
    CHECK(host.records[4].values == Cells{4, std::string(300, 'x')});
    CHECK(host.completed({0, 1, 1, 0, 0, {"", 0}}));
    CHECK(host.counters.at("acked") == 1);
  });
}

TEST_CASE("Contract 11: a throw inside a plugin stays within its tuple") {
  with_each_probe([](const host::Plugin& plugin) {
    for (const char* how : {"throw", "emit_throw", "throw_int"}) {
      FakeHost host(*plugin.find("Misbehave"), probe_task({{"how", how}, {"at", 1}}));
      host.started().execute({{0, "a"}, {1, "b"}, {2, "c"}});
      CHECK(host.verdicts == std::vector<std::uint8_t>{GALE_VERDICT_ACKED, GALE_VERDICT_FAILED, GALE_VERDICT_ACKED});
      CHECK(host.emitted() == std::vector<Cells>{{0, "a"}, {2, "c"}});
      CHECK(host.fails().size() == 1);
    }
  });
}

TEST_CASE("What a call wrote beyond the lent room stays when the next input's call throws") {
  with_each_probe([](const host::Plugin& plugin) {
    FakeHost host(*plugin.find("Misbehave"), probe_task({{"how", "flood_throw"}, {"bytes", 100'000}}));
    host.started().execute({{0, "a"}, {1, "b"}, {2, "c"}, {3, "d"}});
    CHECK(host.emitted().size() == 2 * 101);
    CHECK(host.fails().size() == 2);
  });
}

TEST_CASE("A plugin's errors cross the boundary as text") {
  with_each_probe([](const host::Plugin& plugin) {
    const auto told = [&](const char* how) {
      FakeHost host(*plugin.find("Misbehave"), probe_task({{"how", how}}));
      host.started().execute({{5, "x"}});
      return host.fails().empty() ? "" : host.fails()[0];
    };
    CHECK(told("throw") == "asked to throw at 5");
    CHECK(told("fail") == "asked to fail 5");
    CHECK(told("arity") == "emit of 1 values to stream 'default', which has 2 fields");
    CHECK(told("type") == "field 'n' (#0) of orders/default: asked for string, is integer");
    CHECK(told("stream").find("emit to a stream that tested does not declare") == 0);
    FakeHost host(*plugin.find("Misbehave"), probe_task({{"throw_in", "open"}}));
    REQUIRE(host.create() == "");
    CHECK(host.instance().open().text == "asked to throw in open");
  });
}

TEST_CASE("A plugin keeps tuples and settles them on a tick, and destroys them as forgotten") {
  with_each_probe([](const host::Plugin& plugin) {
    FakeHost host(*plugin.find("Misbehave"), probe_task({{"how", "keep_ack"}}));
    host.started().execute({{1, "a"}, {2, "b"}});
    CHECK(host.kept() == 2);
    CHECK(host.tick());
    CHECK(host.kept() == 0);
    CHECK(host.emitted() == std::vector<Cells>{{1, "a"}, {2, "b"}});
    FakeHost dropping(*plugin.find("Misbehave"), probe_task({{"how", "keep_drop"}}));
    dropping.started().execute({{1, "a"}});
    CHECK(dropping.posted());
    CHECK(dropping.fails() == std::vector<std::string>{"forgotten: a kept tuple was destroyed without ack or fail"});
  });
}
