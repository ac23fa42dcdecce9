// SPDX-License-Identifier: Apache-2.0
#include "gale/testkit/plugin.hpp"

#include "components.hpp"

#include <doctest/doctest.h>

#include <cstdlib>

namespace gale::testkit::test {
namespace {

std::string built(const std::string& name) {
  const char* const build = std::getenv("GALE_BUILD");
  REQUIRE(build != nullptr);
  return build + ("/tests/plugins/" + name);
}
std::string complaint(const std::string& file) {
  try {
    const Plugin plugin(file);
  } catch (const TestFailure& failure) {
    return failure.what();
  }
  return {};
}

TEST_CASE("A component of a built plugin is run as a class of the test's own") {
  const Plugin plugin(built("probe.so"));
  CHECK(plugin.name() == "probe");
  Harness numbers(plugin["Numbers"], {{"count", 2}, {"padding", 1}});
  CHECK(numbers.run() == Said::finished);
  CHECK(numbers.emitted() == Rows{{0, "x"}, {1, "x"}});
  numbers.ack_all();
  CHECK(numbers.counter("acked") == 2);
  numbers.close();
}

TEST_CASE("The ledger holds for a built plugin") {
  const Plugin plugin(built("probe.so"));
  const Options options{.inputs = {{"numbers", "default", {"n", "text"}}}};
  const auto broken = [&](const char* how) {
    Harness bolt(plugin["Misbehave"], {{"how", how}}, options);
    bolt.execute({7, "x"});
    bolt.abandon_kept();
    return bolt.take_violations();
  };
  CHECK(broken("") == Texts{});
  CHECK(broken("fail") == Texts{});
  CHECK(broken("throw") == Texts{});
  CHECK(broken("throw_int") == Texts{});
  CHECK(broken("keep_throw") == Texts{});
  CHECK(broken("keep") == Texts{});
  CHECK(broken("forget") ==
        Texts{"#1 {7, \"x\"} of numbers/default was neither acked, failed nor kept when execute returned"});
  CHECK(broken("keep_drop") == Texts{"#1 {7, \"x\"} of numbers/default was kept, and destroyed without ack or fail"});
  CHECK(broken("ack_twice").size() == 1);
  CHECK(broken("emit_after_ack").size() == 1);
}

TEST_CASE("What throws in a built plugin is told with its own text") {
  const Plugin plugin(built("probe.so"));
  CHECK(refusal(plugin["Numbers"], {{"throw_in", "open"}}) == "asked to throw in open");
  Harness bolt(plugin["Misbehave"], {{"throw_in", "tick"}});
  CHECK_THROWS_WITH_AS(bolt.advance(std::chrono::milliseconds(10)), "asked to throw in tick", Thrown);
  Harness closing(plugin["Misbehave"], {{"throw_in", "close"}});
  CHECK_THROWS_WITH_AS(closing.close(), "asked to throw in close", Thrown);
}

TEST_CASE("A file that is no plugin is refused with its name and what to do") {
  CHECK(complaint("/no/such.so").find("plugin '/no/such.so' cannot be loaded: ") == 0);
  CHECK(complaint(built("bad_entry.so")) == "plugin '" + built("bad_entry.so") +
                                                "' is no Gale plugin: it exports no gale_plugin_entry; it wants "
                                                "GALE_PLUGIN(...)");
  CHECK(complaint(built("bad_newer.so")) == "plugin '" + built("bad_newer.so") +
                                                "' speaks plugin ABI 2, this test kit 1; rebuild it with the SDK of "
                                                "this test kit");
}

TEST_CASE("A component that the plugin does not have is told with those that it has") {
  const Plugin plugin(built("probe.so"));
  try {
    static_cast<void>(plugin["Number"]);
    FAIL("it was found");
  } catch (const TestFailure& failure) {
    CHECK(std::string(failure.what()).find("has no component 'Number'; it has: Numbers, Misbehave") !=
          std::string::npos);
  }
}

}  // namespace
}  // namespace gale::testkit::test
