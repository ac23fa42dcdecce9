// SPDX-License-Identifier: Apache-2.0
#include "topology-api/components/file/line_bolt.hpp"

#include "orders.hpp"
#include "scratch.hpp"

#include <doctest/doctest.h>

namespace gale::stock::file {
namespace {

using test::Folder;
using test::State;

const testkit::Options kOrders = test::orders({"word", "count"});

Value::Map config(std::string path, Value::Map more = {}) {
  more["path"] = std::move(path);
  return more;
}

TEST_CASE("A tuple is a line of its fields, acked when the system has it") {
  const Folder folder;
  test::Harness<LineBolt> lines(config(folder / "out"), kOrders);
  lines.execute_batch({{"to", 2}, {"be", 1.5}, {Bytes{"\xff"}, nullptr}});
  CHECK(lines.acked().size() == 3);
  CHECK(test::read_file(folder / "out") == "to\t2\nbe\t1.5\n\xff\t\n");
  CHECK(lines.counter("lines") == 3);
  lines.close();
}

TEST_CASE("Fields are chosen, separated and escaped as the keys say") {
  const Folder folder;
  test::Harness<LineBolt> lines(
      config(folder / "out", {{"fields", Value(Value::Array{"count", "word"})}, {"separator", ","}, {"escape", true}}),
      kOrders);
  lines.execute({"two\nlines", 2});
  CHECK(test::read_file(folder / "out") == "2,two\\nlines\n");
}

TEST_CASE("A full disk fails the tuple with the system's words") {
  test::Harness<LineBolt> lines(config("/dev/full"), kOrders);
  lines.execute_batch({{"a", 1}, {"b", 2}});
  CHECK(lines.reasons() == std::vector<std::string>(2, "cannot write '/dev/full': No space left on device"));
  CHECK(lines.counter("write_failures") == 2);
}

TEST_CASE("With fsync every a batch is acked together, after it is on disk") {
  const Folder folder;
  test::Harness<LineBolt> lines(config(folder / "out", {{"fsync", "every"}}), kOrders);
  lines.hold_posted();
  lines.execute_batch({{"a", 1}, {"b", 2}});
  CHECK(lines.kept().size() == 2);
  lines.run_held();
  CHECK(lines.acked().size() == 2);
  CHECK(lines.finish());
  lines.close();
}

TEST_CASE("With fsync interval it ticks, otherwise not") {
  const Folder folder;
  test::Harness<LineBolt> lines(config(folder / "out", {{"fsync", "interval"}}), kOrders);
  lines.execute({"a", 1});
  CHECK(lines.tick_every() > test::Harness<LineBolt>::Duration::zero());
  lines.tick();
  CHECK(lines.acked().size() == 1);
  CHECK(test::Harness<LineBolt>(config(folder / "out"), kOrders).tick_every() ==
        test::Harness<LineBolt>::Duration::zero());
}

TEST_CASE("Several tasks do not share a file") {
  const Folder folder;
  testkit::Options second = kOrders;
  second.tasks = 2;
  second.index = 1;
  CHECK(testkit::refusal<LineBolt>(config(folder / "out"), second) ==
        "key 'path' names one file, but there are 2 tasks; put {task} into it, or set parallelism to 1");
  test::Harness<LineBolt> lines(config(folder / "out-{task}"), second);
  lines.execute({"a", 1});
  CHECK(test::read_file(folder / "out-1") == "a\t1\n");
}

TEST_CASE("A wrong key is refused in words, where the topology is checked") {
  CHECK(testkit::refusal<LineBolt>(config("x", {{"fsync", "sometimes"}}), kOrders) ==
        "key 'fsync' is 'sometimes'; it may be never, interval or every");
  CHECK(testkit::refusal<LineBolt>(config("x", {{"fields", Value(Value::Array{"price"})}}), kOrders) ==
        "no field 'price' in orders/default");
}

}  // namespace
}  // namespace gale::stock::file
