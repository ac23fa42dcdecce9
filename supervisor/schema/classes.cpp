// SPDX-License-Identifier: Apache-2.0
//
// Classes and their keys, as the plugins tell them.
#include "supervisor/schema/schema.hpp"

#include <algorithm>
#include <utility>

namespace gale::schema {
namespace {

/// A value of a key's type, as read_properties() takes it.
Json value_of(const std::string& type) {
  if (type == "bool") return or_placeholder({{"type", "boolean"}});
  if (type == "integer") return or_placeholder({{"type", "integer"}});
  if (type == "double") return or_placeholder({{"type", "number"}});
  if (type == "string") return {{"type", "string"}};
  if (type == "list") return {{"type", "array"}};
  if (type == "map") return {{"type", "object"}};
  return Json::object();
}

std::string doc_of(const Json& key) {
  const bool required = key["required"].get<bool>();
  std::string text = key["doc"].get<std::string>();
  text += std::string(text.empty() ? "" : "\n\n") + key["type"].get<std::string>();
  return text + (required ? ", required"
                          : ", default: " + key["default"].dump(-1, ' ', false, Json::error_handler_t::replace));
}

Json value_of(const Json& key) {
  Json value = described(doc_of(key), value_of(key["type"].get<std::string>()));
  if (!key["required"].get<bool>()) value["default"] = key["default"];
  return value;
}

/// Names of the keys that must be set.
std::vector<std::string> required_of(const Json& component) {
  std::vector<std::string> names;
  for (const Json& key : component["keys"]) {
    if (key["required"].get<bool>()) names.push_back(key["name"].get<std::string>());
  }
  return names;
}

Json as_map(const Json& component, const std::vector<std::string>& required) {
  Json values = Json::object();
  for (const Json& key : component["keys"]) values[key["name"].get<std::string>()] = value_of(key);
  Json map = {{"type", "object"}, {"properties", std::move(values)}, {"additionalProperties", false}};
  if (required.empty()) return or_nothing(std::move(map));
  map["required"] = required;
  return map;
}

/// Flux's form: each entry has the name of a key and its value.
Json as_list(const Json& component, const std::vector<std::string>& required) {
  std::vector<NamedValue> names;
  Json rules = Json::array();
  for (const Json& key : component["keys"]) {
    names.push_back({key["name"].get<std::string>(), doc_of(key)});
    rules.push_back(when("name", {{"const", names.back().value}}, {{"properties", {{"value", value_of(key)}}}}));
  }
  Json item = {{"type", "object"}, {"properties", {{"name", one_of(names, placeholder())}}}};
  if (!rules.empty()) item["allOf"] = std::move(rules);
  Json list = {{"type", "array"}, {"items", std::move(item)}};
  Json needed = Json::array();
  for (const std::string& name : required)
    needed.push_back({{"contains", {{"type", "object"}, {"properties", {{"name", {{"const", name}}}}}}}});
  if (!needed.empty()) list["allOf"] = std::move(needed);
  return list;
}

Json rule_of(const std::string& class_name, const Json& component) {
  const std::vector<std::string> required = required_of(component);
  Json then = {{"properties",
                {{"properties",
                  {{"if", {{"type", "array"}}},
                   {"then", as_list(component, required)},
                   {"else", as_map(component, required)}}}}}};
  if (!required.empty()) then["required"] = Json::array({"properties"});
  return when("className", {{"const", class_name}}, std::move(then));
}

/// Calls `visit(class name, component)` for each of these kinds.
template <class Visit>
void each_class(const SchemaFacts& facts, Kinds kinds, Visit visit) {
  for (const Json& plugin : facts.plugins) {
    for (const Json& component : plugin["components"]) {
      const bool is_meant = std::any_of(kinds.begin(), kinds.end(), [&](host::ComponentKind kind) {
        return component["kind"] == host::name_of(kind);
      });
      if (is_meant) visit(plugin["name"].get<std::string>() + "." + component["name"].get<std::string>(), component);
    }
  }
}

}  // namespace

Json class_name_schema(const SchemaFacts& facts, Kinds kinds) {
  std::vector<NamedValue> classes;
  each_class(facts, kinds, [&](const std::string& name, const Json& component) {
    classes.push_back({name, component["doc"].get<std::string>()});
  });
  std::string loaded;
  for (const Json& plugin : facts.plugins)
    loaded += (loaded.empty() ? "" : "|") + literally(plugin["name"].get<std::string>());
  // Of a plugin that is not known, any component may be meant.
  Json other = text_like((loaded.empty() ? "" : "(?!(?:" + loaded + ")\\.[^.]*$)") + std::string(".+\\.[^.]+"));
  return classes.empty() ? other : one_of(classes, std::move(other));
}

Json class_rules(const SchemaFacts& facts, Kinds kinds) {
  Json rules = Json::array();
  each_class(facts, kinds,
             [&](const std::string& name, const Json& component) { rules.push_back(rule_of(name, component)); });
  return rules;
}

}  // namespace gale::schema
