// SPDX-License-Identifier: Apache-2.0
//
// The block `tests`. Values of tuples are free: their fields have no types before they run.
#include "supervisor/schema/schema.hpp"

#include <stdexcept>
#include <utility>

namespace gale::schema {
namespace {

Json list_of(Json items) { return {{"type", "array"}, {"items", std::move(items)}}; }

/// A list of values, or a map of fields.
Json tuple() { return {{"anyOf", Json::array({{{"type", "array"}}, {{"type", "object"}}})}}; }

/// An entry of `inputs`. A field may be called as a key is: only an entry that has `tuple` is held to the keys.
Json input() {
  const auto shape = [](std::string_view key) -> Json {
    if (key == "advance") return duration();
    if (key == "from" || key == "stream") return some_text();
    if (key == "tuple") return tuple();
    throw std::logic_error("the schema has no shape for the key '" + std::string(key) + "' of a test's input");
  };
  Json strict = map_of(plan::test_input_keys(), shape);
  Json offered = Json::object();
  for (const plan::Key& key : plan::test_input_keys())
    offered[std::string(key.name)] = described(key.text, Json::object());
  Json map = {{"type", "object"}, {"properties", std::move(offered)}};
  map["if"] = {{"required", Json::array({"tuple"})}, {"properties", {{"tuple", true}}}};
  map["then"] = std::move(strict);
  return {{"anyOf", Json::array({{{"type", "array"}}, std::move(map)})}};
}

/// {name: list of `items`} with these names offered; others are taken when not all are known.
Json by_name(const std::vector<NamedValue>& names, const Json& items) {
  Json properties = Json::object();
  for (const NamedValue& name : names) properties[name.value] = described(name.doc, or_nothing(list_of(items)));
  Json map = {{"type", "object"}};
  if (!names.empty()) map["properties"] = std::move(properties);
  map["additionalProperties"] = or_nothing(list_of(items));
  return map;
}

std::vector<NamedValue> of_kind(const SchemaFacts& facts, host::ComponentKind kind) {
  std::vector<NamedValue> names;
  for (const plan::KnownComponent& c : facts.components) {
    if (c.kind == kind && !c.id.empty()) names.push_back({c.id, c.class_name});
  }
  return names;
}

/// component, or component.stream
std::vector<NamedValue> outputs(const SchemaFacts& facts) {
  std::vector<NamedValue> names;
  for (const plan::KnownComponent& c : facts.components) {
    if (c.id.empty()) continue;
    names.push_back({c.id, c.class_name});
    for (const plan::Stream& s : c.streams) {
      if (s.name != "default") names.push_back({c.id + "." + s.name, c.class_name + ", stream " + s.name});
    }
  }
  return names;
}

/// With `component`, what goes in and out is that bolt's; without, the topology's.
Json two_forms(const SchemaFacts& facts) {
  Json rule = when("component", {{"type", "string"}},
                   {{"properties",
                     {{"inputs", {{"type", Json::array({"array", "null"})}, {"items", input()}}},
                      {"expect", or_nothing(by_name({}, tuple()))}}}});
  rule["else"] = {{"properties",
                   {{"inputs", or_nothing(by_name(of_kind(facts, host::ComponentKind::kSpout), input()))},
                    {"expect", or_nothing(by_name(outputs(facts), tuple()))}}}};
  return rule;
}

Json order() {
  const NamedValue values[] = {{"exact", "in this order"}, {"any", "in any order, each as often as it stands here"}};
  return one_of(values, false);
}

}  // namespace

Json tests_schema(const SchemaFacts& facts) {
  Json test = map_of(plan::test_keys(), [&](std::string_view key) -> Json {
    if (key == "name") return some_text();
    if (key == "component") {
      const std::vector<NamedValue> bolts = of_kind(facts, host::ComponentKind::kBolt);
      return bolts.empty() ? some_text() : one_of(bolts, false);
    }
    if (key == "inputs") return tuple();
    if (key == "expect") return {{"type", "object"}};
    if (key == "order") return order();
    if (key == "fails") return list_of({{"type", "string"}});
    if (key == "finish") return {{"type", "boolean"}};
    if (key == "set") return {{"type", "object"}};
    if (key == "timeout") return duration();
    throw std::logic_error("the schema has no shape for the key '" + std::string(key) + "' of a test");
  });
  test["allOf"] = Json::array({two_forms(facts)});
  return list_of(std::move(test));
}

}  // namespace gale::schema
