// SPDX-License-Identifier: Apache-2.0
//
// The whole, and what is neither a class's nor a stream's: the top, a component, settings.
#include "engine/plan/settings_table.hpp"
#include "supervisor/schema/schema.hpp"

#include <stdexcept>

namespace gale::schema {
namespace {

using host::ComponentKind;

/// A key of the tables that nobody gave a shape: it cannot be forgotten.
Json no_shape(std::string_view map, std::string_view key) {
  throw std::logic_error("the schema has no shape for the key '" + std::string(key) + "' of " + std::string(map));
}

Json setting(const plan::SettingRow& row) {
  const Json by_default = Json::parse(plan::default_of(row), nullptr, false);
  const bool known = !by_default.is_discarded();
  std::string doc = std::string(row.effect) + " " + std::string(row.trade);
  doc +=
      " Default: " + plan::default_of(row) + (known && row.unit != "switch" ? " " + std::string(row.unit) : "") + ".";
  Json value = {{"type", "boolean"}};
  if (row.unit == "seconds") {
    value = {{"type", "number"}, {"minimum", row.min}, {"maximum", row.max}};
  } else if (row.unit != "switch") {
    value = {{"type", "integer"},
             {"minimum", static_cast<std::int64_t>(row.min)},
             {"maximum", static_cast<std::int64_t>(row.max)}};
  }
  Json all = described(doc, or_placeholder(std::move(value)));
  if (known) all["default"] = by_default;
  return all;
}

Json config(unsigned scope) {
  Json properties = Json::object();
  for (const plan::SettingRow& row : plan::setting_rows()) {
    if ((row.scope & scope) != 0) properties[std::string(row.name)] = setting(row);
  }
  return {{"type", "object"}, {"properties", std::move(properties)}, {"additionalProperties", false}};
}

Json count() { return or_placeholder({{"type", "integer"}, {"minimum", 1}, {"maximum", plan::kMostTasks}}); }

Json id() {
  return text_like("(?!__)[A-Za-z0-9" + literally(plan::kAlsoInIds) + "]{1," + std::to_string(plan::kMostIdBytes) +
                   "}");
}

Json name() {
  std::string forbidden;
  for (const char c : plan::kNotInNames) {
    forbidden += c == '\t' ? "\\t" : c == '\r' ? "\\r" : c == '\n' ? "\\n" : literally(std::string(1, c));
  }
  return text_like("[^" + forbidden + "]{1," + std::to_string(plan::kMostNameBytes) + "}");
}

Json threading() {
  const NamedValue values[] = {{"pooled", "its tasks take turns on the worker's threads"},
                               {"pinned", "a thread for each task, which runs nothing else"}};
  return one_of(values, placeholder());
}

Json vertex(const SchemaFacts& facts, ComponentKind kind) {
  Json map = map_of(plan::vertex_keys(), [&](std::string_view key) -> Json {
    if (key == "id") return id();
    if (key == "className") return class_name_schema(facts, {kind});
    if (key == "constructorArgs") return nullptr;
    if (key == "properties") return {{"anyOf", Json::array({{{"$ref", "#/definitions/properties"}}})}};
    if (key == "parallelism" || key == "numTasks") return count();
    if (key == "threading") return threading();
    if (key == "config") return config(kind == ComponentKind::kSpout ? plan::kInSpout : plan::kInBolt);
    return no_shape("a component", key);
  });
  if (Json rules = class_rules(facts, {kind}); !rules.empty()) map["allOf"] = std::move(rules);
  return map;
}

/// Of a class that is not known.
Json properties() {
  const Json item = map_of(plan::property_keys(), [](std::string_view key) -> Json {
    if (key == "name") return some_text();
    if (key == "value") return {{"anyOf", Json::array({Json::object()})}};
    return no_shape("a property", key);
  });
  return {{"anyOf", Json::array({{{"type", "object"}}, {{"type", "array"}, {"items", item}}})}};
}

Json list_of(const char* definition, bool needed) {
  Json list = {{"type", "array"}, {"items", {{"$ref", std::string("#/definitions/") + definition}}}};
  if (needed) list["minItems"] = 1;
  return list;
}

}  // namespace

Json topology_schema(const SchemaFacts& facts) {
  Json schema = {{"$schema", "http://json-schema.org/draft-07/schema#"},
                 {"title", "A Gale topology"},
                 {"$comment", "Printed by gale schema."}};
  schema.update(map_of(plan::topology_keys(), [&](std::string_view key) -> Json {
    if (key == "name") return name();
    if (key == "plugins") return {{"type", "array"}, {"items", some_text()}, {"minItems", 1}};
    if (key == "config") return config(plan::kInTopology);
    if (key == "spouts") return list_of("spout", true);
    if (key == "bolts") return list_of("bolt", false);
    if (key == "streams") return list_of("stream", false);
    if (key == "hooks") return list_of("hook", false);
    if (key == "tests") return tests_schema(facts);
    return no_shape("a topology", key);
  }));
  schema["definitions"] = {
      {"placeholder",
       {{"description", "${name}, which --set gives, ${ENV-NAME} of the environment, or ${name:-default}."},
        {"type", "string"},
        {"pattern", "^\\$\\{[^}]*\\}$"}}},
      {"properties", properties()},
      {"spout", vertex(facts, ComponentKind::kSpout)},
      {"bolt", vertex(facts, ComponentKind::kBolt)},
      {"stream", stream_schema(facts)},
      {"hook", hook_schema(facts)},
  };
  return schema;
}

}  // namespace gale::schema
