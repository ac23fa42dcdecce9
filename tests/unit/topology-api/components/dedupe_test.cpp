// SPDX-License-Identifier: Apache-2.0
#include "refusal.hpp"
#include "tests/support/fake_host.hpp"
#include "topology-api/components/dedupe/bolt.hpp"

namespace gale::stock::dedupe {
namespace {

using std::chrono::seconds;
using test::Cells;
using test::FakeHost;

constexpr TimePoint kBegin{};

TEST_CASE("A key is new once") {
  Seen seen;
  CHECK(seen.add("a", kBegin));
  CHECK_FALSE(seen.add("a", kBegin + seconds(1000)));
  CHECK(seen.add("b", kBegin));
  CHECK(seen.size() == 2);
}

TEST_CASE("After its time a key is new again; seeing it does not prolong it") {
  Seen seen({.age = seconds(10)});
  CHECK(seen.add("a", kBegin));
  CHECK_FALSE(seen.add("a", kBegin + seconds(9)));
  CHECK(seen.add("a", kBegin + seconds(10)));
  CHECK(seen.pushed_out() == 0);
}

TEST_CASE("The oldest goes when there are too many, and that is counted") {
  Seen seen({.entries = 2});
  CHECK(seen.add("a", kBegin));
  CHECK(seen.add("b", kBegin));
  CHECK(seen.add("c", kBegin));
  CHECK(seen.pushed_out() == 1);
  CHECK_FALSE(seen.add("b", kBegin));
  CHECK(seen.add("a", kBegin));
}

TEST_CASE("Long keys take no more memory than they may, but one is always remembered") {
  Seen seen({.bytes = 1000});
  for (int i = 0; i < 100; ++i) seen.add(std::string(100, static_cast<char>(i)), kBegin);
  CHECK(seen.size() == 5);
  CHECK(seen.add(std::string(100'000, 'x'), kBegin));
  CHECK(seen.size() == 1);
  CHECK_FALSE(seen.add(std::string(100'000, 'x'), kBegin));
}

host::TaskInfo task(Value::Map more = {}) {
  more.emplace("key", Value(Value::Array{"id", "kind"}));
  return test::task_with({"id", "other", "kind"}, std::move(more));
}

TEST_CASE("The first of each key passes as it is, the others go to duplicates") {
  FakeHost host(test::component_of<Bolt>(), task());
  host.started().execute({{1, "x", "a"}, {1, "y", "a"}, {1, "x", "b"}, {"1", "x", "a"}, {1.0, "x", "a"}});
  std::vector<Cells> passed;
  for (const test::Record& r : host.records) {
    if (r.head.stream == 0) passed.push_back(r.values);
  }
  CHECK(passed == std::vector<Cells>{{1, "x", "a"}, {1, "x", "b"}, {"1", "x", "a"}, {1.0, "x", "a"}});
  CHECK(host.records[1].values == Cells{1, "y", "a"});
  CHECK(host.records[1].head.stream == 1);
  CHECK(host.counters["duplicates"] == 1);
}

TEST_CASE("Two fields of a key are not one text: what stands where matters") {
  FakeHost host(test::component_of<Bolt>(), task());
  host.started().execute({{"ab", 0, "c"}, {"a", 0, "bc"}});
  CHECK(host.counters["duplicates"] == 0);
}

TEST_CASE("Time is the host's") {
  FakeHost host(test::component_of<Bolt>(), task({{"seconds", 10.0}}));
  host.started().execute({{1, 0, 1}});
  host.now_ns = 10'000'000'000;
  host.execute({{1, 0, 1}});
  CHECK(host.counters["duplicates"] == 0);
}

TEST_CASE("A key that cannot be is refused") {
  CHECK(test::refusal(test::component_of<Bolt>(), task({{"key", Value(Value::Array{})}})) ==
        "key 'key' names no field");
  CHECK(test::refusal(test::component_of<Bolt>(), task({{"key", Value(Value::Array{"x"})}})) ==
        "no field 'x' in orders/default");
  CHECK(test::refusal(test::component_of<Bolt>(), task({{"entries", 0}})) ==
        "keys 'entries' and 'max_bytes' may not be below 1");
}

}  // namespace
}  // namespace gale::stock::dedupe
