// SPDX-License-Identifier: Apache-2.0
#include "supervisor/schema/schema.hpp"

#include <utility>

namespace gale::schema {

Json placeholder() { return {{"$ref", "#/definitions/placeholder"}}; }

Json or_placeholder(Json schema) { return {{"anyOf", Json::array({std::move(schema), placeholder()})}}; }

Json text_like(const std::string& pattern) {
  return {{"type", "string"}, {"pattern", "^(?:" + pattern + "|[\\s\\S]*\\$\\{[\\s\\S]*)$"}};
}

Json substituted_text() { return {{"type", "string"}, {"pattern", "\\$\\{"}}; }

Json some_text() { return {{"type", "string"}, {"minLength", 1}}; }

Json duration() {
  return {
      {"anyOf", Json::array({text_like("[0-9]+(?:\\.[0-9]+)?(?:ms|s|m|h)?"), {{"type", "number"}, {"minimum", 0}}})}};
}

Json or_nothing(Json what) {
  if (const auto type = what.find("type"); type != what.end()) {
    *type = Json::array({*type, "null"});
  } else {
    what.at("anyOf").push_back({{"type", "null"}});
  }
  return what;
}

Json one_of(std::span<const NamedValue> values, Json otherwise) {
  Json any = Json::array();
  for (const NamedValue& v : values) {
    Json one = {{"const", v.value}};
    if (!v.doc.empty()) one["description"] = v.doc;
    any.push_back(std::move(one));
  }
  any.push_back(std::move(otherwise));
  return {{"anyOf", std::move(any)}};
}

Json map_of(std::span<const plan::Key> keys, const std::function<Json(std::string_view)>& shape) {
  Json properties = Json::object(), required = Json::array();
  for (const plan::Key& key : keys) {
    if (key.use == plan::Key::Use::kRefused) continue;
    const Json what = shape(key.name);
    if (what.is_null()) continue;
    const bool is_required = key.use == plan::Key::Use::kRequired;
    properties[std::string(key.name)] = described(key.text, is_required ? what : or_nothing(what));
    if (is_required) required.push_back(key.name);
  }
  Json map = {{"type", "object"}, {"properties", std::move(properties)}};
  if (!required.empty()) map["required"] = std::move(required);
  map["additionalProperties"] = false;
  return map;
}

Json described(std::string_view doc, const Json& schema) {
  Json all = Json::object();
  if (!doc.empty()) all["description"] = doc;
  all.update(schema);
  return all;
}

std::string literally(std::string_view text) {
  std::string out;
  for (const char c : text) {
    if (std::string_view("\\^$.|?*+()[]{}/").find(c) != std::string_view::npos) out += '\\';
    out += c;
  }
  return out;
}

std::string in_any_case(std::string_view text) {
  std::string out;
  for (const char c : text) {
    const bool letter = c >= 'A' && c <= 'Z';
    out += letter ? std::string{'[', c, static_cast<char>(c - 'A' + 'a'), ']'} : std::string(1, c);
  }
  return out;
}

Json when(std::string_view key, Json what, Json then) {
  return {{"if", {{"properties", {{std::string(key), std::move(what)}}}, {"required", Json::array({key})}}},
          {"then", std::move(then)}};
}

}  // namespace gale::schema
