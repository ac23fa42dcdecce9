// SPDX-License-Identifier: Apache-2.0
#include "topology-api/components/file/line_bolt.hpp"

#include "refusal.hpp"
#include "scratch.hpp"
#include "tests/support/fake_host.hpp"

namespace gale::stock::file {
namespace {

using test::FakeHost;
using test::Folder;

FakeHost& started(FakeHost& host) { return host.started(); }
host::TaskInfo task(std::string path, Value::Map more = {}) {
  more["path"] = std::move(path);
  return test::task_with({"word", "count"}, std::move(more));
}

TEST_CASE("A tuple is a line of its fields, acked when the system has it") {
  const Folder folder;
  FakeHost host(test::component_of<LineBolt>(), task(folder / "out"));
  started(host).execute({{"to", 2}, {"be", 1.5}, {Bytes{"\xff"}, nullptr}});
  CHECK(host.verdicts == std::vector<std::uint8_t>(3, GALE_VERDICT_ACKED));
  CHECK(test::read_file(folder / "out") == "to\t2\nbe\t1.5\n\xff\t\n");
  CHECK(host.counters["lines"] == 3);
}

TEST_CASE("Fields are chosen, separated and escaped as the keys say") {
  const Folder folder;
  FakeHost host(
      test::component_of<LineBolt>(),
      task(folder / "out", {{"fields", Value(Value::Array{"count", "word"})}, {"separator", ","}, {"escape", true}}));
  started(host).execute({{"two\nlines", 2}});
  CHECK(test::read_file(folder / "out") == "2,two\\nlines\n");
}

TEST_CASE("A full disk fails the tuple with the system's words") {
  FakeHost host(test::component_of<LineBolt>(), task("/dev/full"));
  started(host).execute({{"a", 1}, {"b", 2}});
  CHECK(host.fails() == std::vector<std::string>(2, "cannot write '/dev/full': No space left on device"));
  CHECK(host.counters["write_failures"] == 2);
}

TEST_CASE("With fsync every a batch is acked together, after it is on disk") {
  const Folder folder;
  FakeHost host(test::component_of<LineBolt>(), task(folder / "out", {{"fsync", "every"}}));
  started(host).execute({{"a", 1}, {"b", 2}});
  CHECK(host.verdicts == std::vector<std::uint8_t>(2, GALE_VERDICT_KEPT));
  CHECK(host.kept() == 2);
  CHECK(host.wakes >= 1);
  CHECK(host.posted());
  CHECK(host.kept() == 0);
  CHECK(host.fails().empty());
  bool done = false;
  CHECK(host.finish(done));
  CHECK(done);
  CHECK(host.misuse() == 0);
}

TEST_CASE("With fsync interval it ticks, otherwise not") {
  const Folder folder;
  FakeHost host(test::component_of<LineBolt>(), task(folder / "out", {{"fsync", "interval"}}));
  started(host).execute({{"a", 1}});
  CHECK(host.tick());
}

TEST_CASE("Several tasks do not share a file") {
  const Folder folder;
  host::TaskInfo info = task(folder / "out");
  info.tasks = 2;
  info.index = 1;
  FakeHost host(test::component_of<LineBolt>(), info);
  REQUIRE(host.create() == "");
  CHECK(host.instance().open().text ==
        "key 'path' names one file, but there are 2 tasks; put {task} into it, or set parallelism to 1");
  info.config["path"] = folder / "out-{task}";
  FakeHost second(test::component_of<LineBolt>(), info);
  second.started().execute({{"a", 1}});
  CHECK(test::read_file(folder / "out-1") == "a\t1\n");
}

TEST_CASE("A wrong key is refused in words, where the topology is checked") {
  CHECK(test::refusal(test::component_of<LineBolt>(), task("x", {{"fsync", "sometimes"}})) ==
        "key 'fsync' is 'sometimes'; it may be never, interval or every");
  CHECK(test::refusal(test::component_of<LineBolt>(), task("x", {{"fields", Value(Value::Array{"price"})}})) ==
        "no field 'price' in orders/default");
}

}  // namespace
}  // namespace gale::stock::file
