// SPDX-License-Identifier: Apache-2.0
#include "gale/testkit/topology.hpp"

#include <doctest/doctest.h>
#include <unistd.h>

#include <atomic>
#include <cstdlib>
#include <filesystem>
#include <fstream>

namespace {

using gale::testkit::Rows, gale::testkit::TestFailure, gale::testkit::Topology;

/// A class of the test's own program.
class Double final : public gale::BasicBolt {
 public:
  void describe(gale::Describe& d) override {
    d.doc("Doubles numbers; 13 is refused.");
    d.key("add", add_, "Added to each.");
    d.emits({"number"});
  }
  void execute(const gale::Tuple& tuple, gale::Collector& out) override {
    const auto number = tuple.get<std::int64_t>(0);
    if (number == 13) throw gale::Error("no thirteen");
    out.emit(2 * number + add_);
  }

 private:
  std::int64_t add_ = 0;
};

/// Does not return until it is let go.
class Stuck final : public gale::BasicBolt {
 public:
  static inline std::atomic<bool> let_go{false};
  void describe(gale::Describe& d) override {
    d.doc("Does not return.");
    d.key("add", add_, "Nothing.");
    d.emits({"number"});
  }
  void execute(const gale::Tuple&, gale::Collector&) override { let_go.wait(false); }

 private:
  std::int64_t add_ = 0;
};

std::string source(const char* file) { return std::string(std::getenv("GALE_SOURCE")) + file; }
std::string built_plugins() { return std::string(std::getenv("GALE_BUILD")) + "/plugins"; }

std::string file_with(const std::string& text) {
  const std::filesystem::path path =
      std::filesystem::temp_directory_path() / ("gale-topology-" + std::to_string(::getpid()));
  std::ofstream(path) << text;
  return path.string();
}
const char* const kDoubles =
    "name: doubles\nplugins: [mine, rate]\nspouts:\n"
    "  - {id: numbers, className: rate.Spout, properties: {per_second: 0, count: \"${count:-3}\"}}\nbolts:\n"
    "  - {id: double, className: mine.Double, parallelism: 2, properties: {add: 1}}\nstreams:\n"
    "  - {from: numbers, to: double, grouping: {type: SHUFFLE}}\n";

TEST_CASE("A topology of built plugins runs to its end, with rows in a spout's place") {
  Topology topology(source("/topologies/word-count.yaml"));
  topology.plugins(built_plugins()).set("input", "unused").set("output", "unused");
  topology.replace("lines", {{"a b a"}, {"c"}}).watch("count").watch("split").run();
  CHECK(topology.sorted("count") == Rows{{"a", 2}, {"b", 1}, {"c", 1}});
  CHECK(topology.rows("split").size() == 4);
  CHECK(topology.fails().empty());
}

TEST_CASE("Classes of the test's program are a plugin as any other; spouts that are not replaced run") {
  Topology topology(file_with(kDoubles));
  topology.plugins(built_plugins()).provide<Double>("mine").watch("double").run();
  CHECK(topology.sorted("double") == Rows{{1}, {3}, {5}});
}

TEST_CASE("What fails is told with its reason, once") {
  Topology topology(file_with(kDoubles));
  topology.plugins(built_plugins()).provide<Double>("mine").replace("numbers", {{13}, {4}}).watch("double").run();
  CHECK(topology.rows("double") == Rows{{9}});
  REQUIRE(topology.fails().size() == 1);
  CHECK(topology.fails()[0].find("no thirteen") != std::string::npos);
}

TEST_CASE("What cannot be run is a failure with the file's faults, or with what went wrong") {
  const auto failure = [](Topology& topology, std::chrono::nanoseconds longest = std::chrono::seconds(10)) {
    try {
      topology.run(longest);
    } catch (const TestFailure& e) {
      return std::string(e.what());
    }
    return std::string();
  };
  Topology missing("no/such.yaml");
  CHECK(failure(missing.watch("x")).find("no/such.yaml") == 0);
  Topology nothing(file_with(kDoubles));
  CHECK(failure(nothing).find("nothing is watched") != std::string::npos);
  Topology wrong(file_with(kDoubles));
  CHECK(
      failure(wrong.plugins(built_plugins()).provide<Double>("mine").watch("dubble")).find("did you mean 'double'?") !=
      std::string::npos);
  Topology endless(file_with(kDoubles));
  endless.plugins(built_plugins()).provide<Double>("mine").set("count", "0").watch("double");
  CHECK(failure(endless, std::chrono::milliseconds(50)).find("did not end within 50 ms") != std::string::npos);
  std::string with_stuck = kDoubles;
  with_stuck.replace(with_stuck.find("mine.Double"), 11, "mine.Stuck");
  Topology stuck(file_with(with_stuck));
  stuck.plugins(built_plugins()).provide<Stuck>("mine").replace("numbers", {{1}}).watch("double");
  const std::string left = failure(stuck, std::chrono::milliseconds(50));
  CHECK_MESSAGE(left.find("did not end within 50 ms; running: double#") != std::string::npos, left);
  Stuck::let_go = true;
  Stuck::let_go.notify_all();
  (void)file_with(kDoubles);  // the file of before
  Topology failing(file_with(kDoubles));
  failing.plugins(built_plugins()).provide<Double>("mine").set("count", "14").watch("double");
  CHECK(failure(failing).find("1 tuple of spouts that were not replaced failed for good") != std::string::npos);
  Topology twice(file_with(kDoubles));
  twice.plugins(built_plugins()).provide<Double>("mine").watch("double").run();
  CHECK(failure(twice).find("run() is called once") != std::string::npos);
  CHECK_THROWS_AS((void)twice.rows("numbers"), TestFailure);
}

}  // namespace
