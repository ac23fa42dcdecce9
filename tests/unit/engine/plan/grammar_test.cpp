// SPDX-License-Identifier: Apache-2.0
#include "engine/plan/grammar.hpp"

#include <doctest/doctest.h>

#include <set>

namespace gale::plan {
namespace {

TEST_CASE("Each key of each map stands in its table once, and says what it is or what to write instead") {
  const std::span<const Key> tables[] = {topology_keys(), vertex_keys(), property_keys(), stream_keys(),
                                         grouping_keys(), custom_keys(), test_keys(),     test_input_keys()};
  for (const auto& table : tables) {
    std::set<std::string_view> names;
    CHECK_FALSE(table.empty());
    for (const Key& key : table) {
      CAPTURE(key.name);
      CHECK(names.insert(key.name).second);
      CHECK_FALSE(key.text.empty());
    }
  }
}

TEST_CASE("Every grouping has one name, which explains itself, and leads back to it") {
  std::set<std::string_view> names;
  for (const GroupingName& g : grouping_names()) {
    CHECK(names.insert(g.name).second);
    CHECK(name_of(g.grouping) == g.name);
    CHECK_FALSE(g.doc.empty());
  }
  CHECK(names.size() == static_cast<std::size_t>(Grouping::kCustom) + 1);
}

}  // namespace
}  // namespace gale::plan
