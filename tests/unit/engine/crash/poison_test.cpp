// SPDX-License-Identifier: Apache-2.0
#include "engine/crash/poison.hpp"

#include <doctest/doctest.h>

namespace gale::crash {
namespace {

Suspect suspect(std::uint64_t hash) { return {"split", "lines/default", hash}; }

TEST_CASE("A tuple's crashes are counted by component, stream and hash") {
  Suspects suspects;
  CHECK(suspects.idle());
  CHECK(suspects.crashed(suspect(7), "(7)") == 1);
  CHECK_FALSE(suspects.idle());
  CHECK(suspects.crashed({"other", "lines/default", 7}, "(7)") == 1);
  CHECK(suspects.crashed({"split", "lines/odd", 7}, "(7)") == 1);
  CHECK(suspects.crashed(suspect(8), "(8)") == 1);
  CHECK(suspects.crashed(suspect(7), "(7)") == 2);
  CHECK(suspects.crashed(suspect(7), "(7)") == Suspects::kCrashes);
}

TEST_CASE("A component that does not say which tuple it was is told once") {
  Suspects suspects;
  CHECK_FALSE(suspects.alone("split"));
  CHECK(suspects.unsure("split"));
  CHECK_FALSE(suspects.unsure("split"));
  CHECK(suspects.alone("split"));
  CHECK_FALSE(suspects.idle());
}

TEST_CASE("As text it comes back as it was, whatever the tuple holds") {
  Suspects suspects;
  suspects.unsure("count");
  suspects.crashed(suspect(0xfedcba9876543210), "(1, \"a\tb\nc\")");
  suspects.crashed(suspect(0xfedcba9876543210), "(1, \"a\tb\nc\")");
  suspects.crashed({"a b", "c d/e", 1}, "");
  const Suspects again = Suspects::from_text(suspects.to_text());
  CHECK(again.to_text() == suspects.to_text());
  CHECK(again.alone("count"));
  CHECK(again.all().at(suspect(0xfedcba9876543210)).crashes == 2);
  CHECK(again.all().at(suspect(0xfedcba9876543210)).shown == "(1, \"a b c\")");
  CHECK(again.all().size() == 2);
}

TEST_CASE("Lines that are none are passed over") {
  const Suspects suspects = Suspects::from_text(
      "\nnonsense\ncrashed\tx\t1\ta\tb/c\t\ncrashed\t3\txyz\ta\tb/c\t\ncrashed\t3\ncrashed\t3\tff\ta\tb/"
      "c\tshown\ncrashed");
  CHECK(suspects.all().size() == 1);
  CHECK(suspects.all().begin()->first == Suspect{"a", "b/c", 255});
}

TEST_CASE("There is a bound: what crashed once makes room, poison does not") {
  Suspects suspects;
  for (unsigned i = 0; i < Suspects::kCrashes; ++i) suspects.crashed(suspect(0), "");
  for (std::uint64_t i = 1; i < 2 * Suspects::kMost; ++i) suspects.crashed(suspect(i), "");
  CHECK(suspects.all().size() == Suspects::kMost);
  CHECK(suspects.all().at(suspect(0)).crashes == Suspects::kCrashes);
  CHECK(suspects.all().count(suspect(2 * Suspects::kMost - 1)) == 1);
}

}  // namespace
}  // namespace gale::crash
