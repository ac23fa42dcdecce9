// SPDX-License-Identifier: Apache-2.0
#include "engine/plan/only.hpp"
#include "tests/unit/engine/plan/fake_catalog.hpp"

#include <doctest/doctest.h>

namespace gale::plan {
namespace {

/// s1 -> a -> b -> a (a cycle), b -> c; s2 -> d; the dead letters of both to e.
Topology sample() {
  return read(
      "name: t\nplugins: [words]\nspouts:\n  - {id: s1, className: words.Lines, properties: {path: x}}\n"
      "  - {id: s2, className: words.Lines, properties: {path: x}}\nbolts:\n"
      "  - {id: a, className: words.Split}\n  - {id: b, className: words.Split}\n  - {id: c, className: words.Sink}\n"
      "  - {id: d, className: words.Sink}\n  - {id: e, className: words.Sink}\nstreams:\n"
      "  - {from: s1, to: a, grouping: {type: SHUFFLE}}\n  - {from: a, to: b, grouping: {type: SHUFFLE}}\n"
      "  - {from: b, to: a, grouping: {type: SHUFFLE}}\n  - {from: b, to: c, grouping: {type: SHUFFLE}}\n"
      "  - {from: s2, to: d, grouping: {type: SHUFFLE}}\n  - {from: __dead_letters, to: e, grouping: {type: "
      "SHUFFLE}}\n");
}

std::string left(const std::vector<std::string>& ids) {
  const Result<Topology> part = only(sample(), ids);
  if (!part) return part.error();
  FakeCatalog catalog;
  const PlanOutcome outcome = make_plan(*part, catalog);
  REQUIRE_MESSAGE(outcome, report(outcome, "f.yaml"));
  std::string all;
  for (const Component& c : outcome.plan->components) all += c.id + " ";
  return all + std::to_string(outcome.plan->edges.size());
}

TEST_CASE("What is left are the components, all that lead to them, and the streams between") {
  CHECK(left({"c"}) == "s1 a b c 4");
  CHECK(left({"a"}) == "s1 a b 3");
  CHECK(left({"s1"}) == "s1 0");
  CHECK(left({"d"}) == "s2 d 1");
  CHECK(left({"a", "d"}) == "s1 s2 a b d 4");
  CHECK(left({"e"}) == "s1 s2 e 2");
}

TEST_CASE("An id that no component has is refused, with the one that was meant") {
  CHECK(left({"s3"}) == "--only: no component has the id 's3' (did you mean 's1'?)");
}

}  // namespace
}  // namespace gale::plan
