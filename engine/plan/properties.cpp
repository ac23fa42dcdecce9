// SPDX-License-Identifier: Apache-2.0
#include "engine/plan/properties.hpp"

#include "engine/base/hint.hpp"

#include <algorithm>
#include <utility>

namespace gale::plan {
namespace {

/// A type as a component declares it, by the names that Value gives.
std::string_view value_type(std::string_view declared) {
  if (declared == "list") return "array";
  return declared;
}

std::string_view declared_type(const Value& value) {
  const std::string_view name = value.type_name();
  if (name == "array") return "list";
  if (name == "nil") return "nothing";
  return name;
}

/// What a scalar from outside may be read as when its own type does not fit: a file may well be called "2024", and a
/// "${n}" within { } has to be quoted.
Value read_as(const yaml::Node& node, std::string_view type) {
  if (!node.substituted) return to_value(node);
  yaml::Node other = node;
  other.quoted = type == "string";
  return to_value(other);
}

Value with_type(Value value, std::string_view type) {
  if (type != "double") return value;
  // Beyond 2^53 a double cannot hold every integer; then the integer stays, and is refused.
  constexpr std::int64_t kExact = std::int64_t{1} << 53;
  const auto* integer = value.get_if<std::int64_t>();
  if (integer == nullptr || *integer > kExact || *integer < -kExact) return value;
  return static_cast<double>(*integer);
}

const host::KeyDescription* find_key(const host::ComponentDescription& component, std::string_view name) {
  for (const host::KeyDescription& key : component.keys) {
    if (key.name == name) return &key;
  }
  return nullptr;
}

Names names_of(const host::ComponentDescription& component) {
  Names names;
  for (const host::KeyDescription& key : component.keys) names.push_back(key.name);
  return names;
}

std::string cut(const std::string& text, std::size_t most) {
  return text.size() <= most ? text : text.substr(0, most) + "...";
}

Fault wrong_type(const yaml::Entry& property, const host::KeyDescription& key, const Value& value) {
  std::string text = "'" + key.name + "' wants " + key.type + ", is " + std::string(declared_type(value));
  if (property.value.substituted) text += " '" + cut(property.value.text, 40) + "', put in for ${...}";
  const bool is_scalar = property.value.kind == yaml::Kind::kScalar && !property.value.is_null();
  if (key.type == "string" && is_scalar) text += "; put it in quotes";
  if (key.type == "bool" && is_scalar) text += "; write true or false";
  return {property.value.at, text};
}

void check_required(const Vertex& vertex, const host::ComponentDescription& component, const Value::Map& config,
                    Faults& faults) {
  for (const host::KeyDescription& key : component.keys) {
    const bool tried = std::any_of(vertex.properties.begin(), vertex.properties.end(),
                                   [&](const yaml::Entry& property) { return property.key == key.name; });
    if (!key.required || tried || config.contains(key.name)) continue;
    faults.push_back({vertex.at, "'" + vertex.id.value + "' needs the property '" + key.name + "' (" + key.type +
                                     (key.doc.empty() ? "" : ": " + key.doc) + ")"});
  }
}

}  // namespace

Value to_value(const yaml::Node& node) {
  switch (node.kind) {
    case yaml::Kind::kScalar:
      return std::visit([](auto&& scalar) { return Value(std::move(scalar)); }, yaml::resolve(node));
    case yaml::Kind::kSequence: {
      Value::Array array;
      for (const yaml::Node& item : node.items) array.push_back(to_value(item));
      return array;
    }
    case yaml::Kind::kMap: {
      Value::Map map;
      for (const yaml::Entry& entry : node.entries) map[entry.key] = to_value(entry.value);
      return map;
    }
  }
  return {};
}

Value::Map read_properties(const Vertex& vertex, const host::ComponentDescription& component, Faults& faults) {
  Value::Map config;
  for (const yaml::Entry& property : vertex.properties) {
    const host::KeyDescription* key = find_key(component, property.key);
    if (key == nullptr) {
      faults.push_back({property.key_at, vertex.class_name.value + " has no key '" + property.key + "'" +
                                             suggest(property.key, names_of(component))});
      continue;
    }
    Value value = with_type(read_as(property.value, key->type), key->type);
    if (key->type != "value" && value.type_name() != value_type(key->type)) {
      faults.push_back(wrong_type(property, *key, value));
    } else {
      config[property.key] = std::move(value);
    }
  }
  check_required(vertex, component, config, faults);
  return config;
}

}  // namespace gale::plan
