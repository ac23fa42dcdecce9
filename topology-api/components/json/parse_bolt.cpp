// SPDX-License-Identifier: Apache-2.0
#include "parse_bolt.hpp"

#include "../common/text.hpp"
#include "convert.hpp"

#include <nlohmann/json.hpp>

#include <cmath>
#include <string_view>
#include <utility>

namespace gale::stock::json {
namespace {

constexpr std::pair<std::string_view, Type> kTypes[] = {{"any", Type::kAny},
                                                        {"string", Type::kString},
                                                        {"integer", Type::kInteger},
                                                        {"double", Type::kDouble},
                                                        {"bool", Type::kBool}};

[[noreturn]] void wrong_spec(const Value& spec, const std::string& why) {
  std::string said;
  append_json(said, spec);
  throw Error("key 'fields': " + said + ": " + why);
}

Type type_of(const Value& spec, const std::string& name) {
  for (const auto& [known, type] : kTypes) {
    if (known == name) return type;
  }
  wrong_spec(spec, "type '" + name + "' may be any, string, integer, double or bool");
}

/// A path, or {path, name, type, optional, default}.
Wanted wanted_of(const Value& spec) {
  if (const auto* path = spec.get_if<std::string>()) {
    Path parsed(*path);
    if (parsed.name().empty()) wrong_spec(spec, "it needs a name: {path, name}");
    return {parsed.name(), std::move(parsed), Type::kAny, false, {}};
  }
  const Value* path = spec.find("path");
  const Value* name = spec.find("name");
  if (path == nullptr) path = name;
  if (path == nullptr || !path->is<std::string>() || (name != nullptr && !name->is<std::string>()))
    wrong_spec(spec, "a field is a path, or {path, name, type, optional, default}, of which path or name is needed");
  Wanted wanted{{}, Path(path->get<std::string>()), Type::kAny, false, {}};
  wanted.name = name != nullptr ? name->get<std::string>() : wanted.path.name();
  for (const auto& [key, value] : spec.get<Value::Map>()) {
    if (key == "type" && value.is<std::string>()) {
      wanted.type = type_of(spec, value.get<std::string>());
    } else if (key == "optional" && value.is<bool>()) {
      wanted.optional = value.get<bool>() || wanted.optional;
    } else if (key == "default") {
      wanted.optional = true;
      wanted.fallback = value;
    } else if (key != "path" && key != "name") {
      wrong_spec(spec, "'" + key + "' is not known, or not of its type");
    }
  }
  if (wanted.name.empty()) wrong_spec(spec, "it needs a name");
  return wanted;
}

const char* name_of(const nlohmann::json& json) {
  return json.is_number_integer() ? "integer"
         : json.is_number()       ? "double"
         : json.is_boolean()      ? "bool"
                                  : json.type_name();
}

bool is_whole(double d) { return std::trunc(d) == d && std::abs(d) <= 9007199254740992.0; }  // 2^53

/// The value as the type wants it; numbers that are the same in both types are both. Throws when it is not one.
Value typed(const nlohmann::json& json, const Wanted& wanted) {
  switch (wanted.type) {
    case Type::kAny:
      return to_value(json);
    case Type::kString:
      if (json.is_string()) return json.get_ref<const std::string&>();
      break;
    case Type::kInteger:
      if (json.is_number_integer()) return to_value(json);
      if (json.is_number_float() && is_whole(json.get<double>())) return static_cast<std::int64_t>(json.get<double>());
      break;
    case Type::kDouble:
      if (json.is_number()) return json.get<double>();
      break;
    case Type::kBool:
      if (json.is_boolean()) return json.get<bool>();
      break;
  }
  throw Error("'" + wanted.path.text() + "' is " + name_of(json) + ", not " +
              std::string(kTypes[static_cast<int>(wanted.type)].first));
}

}  // namespace

void ParseBolt::describe(Describe& d) {
  d.doc("Reads fields out of JSON text; what is no such JSON goes to the stream bad, with the reason.");
  d.key("field", field_, "The input's field that has the text; its first one unless set.");
  d.key(
      "fields", specs_,
      "The fields to read: a path (user.name, items[0], /user/name), or {path, name, type, optional, default}; type is "
      "any, string, integer, double or bool. Without it there is one field, value: the whole document.");
  d.key("keep", keep_, "Fields of the input that are passed on behind those.");
  for (const Value& spec : specs_) wanted_.push_back(wanted_of(spec));
  std::vector<std::string> names;
  for (const Wanted& wanted : wanted_) names.push_back(wanted.name);
  if (names.empty()) names.emplace_back("value");
  names.insert(names.end(), keep_.begin(), keep_.end());
  d.emits(names);
  d.stream("bad", bad_, {"text", "reason"});
  if (!field_.empty()) d.reads(text_.emplace(), field_);
  kept_.resize(keep_.size());
  for (std::size_t i = 0; i < keep_.size(); ++i) d.reads(kept_[i], keep_[i]);
}

void ParseBolt::open(Context& context) { bad_counted_ = context.counter("bad"); }

void ParseBolt::execute(const Tuple& tuple, Collector& out) {
  const Value held = text_ ? tuple.get(*text_) : tuple.get<Value>(0);
  const auto* bytes = held.get_if<Bytes>();
  const auto* text = bytes != nullptr ? &bytes->data : held.get_if<std::string>();
  Value::Array row;
  try {
    if (text == nullptr) throw Error(std::string("the field is ") + held.type_name() + ", not text");
    parse(*text, row);
  } catch (const Error& e) {
    bad_counted_.add();
    return out.on(bad_).emit(held, e.what());
  }
  for (const Field<Value>& field : kept_) row.push_back(tuple.get(field));
  out.emit_row(row);
}

void ParseBolt::parse(std::string_view text, Value::Array& row) const {
  const nlohmann::json document = json::parse(text);
  if (wanted_.empty()) {
    row.push_back(to_value(document));
    return;
  }
  for (const Wanted& wanted : wanted_) {
    const nlohmann::json* found = wanted.path.find(document);
    const bool nothing = found == nullptr || found->is_null();
    if (nothing && wanted.optional) {
      row.push_back(wanted.fallback);
    } else if (found == nullptr) {
      throw Error("there is no '" + wanted.path.text() + "'");
    } else {
      row.push_back(typed(*found, wanted));
    }
  }
}

}  // namespace gale::stock::json
