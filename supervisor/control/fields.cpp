// SPDX-License-Identifier: Apache-2.0
#include "supervisor/control/fields.hpp"

namespace gale::control {

std::uint64_t number_in(const Value& map, std::string_view key) {
  const Value* v = map.find(key);
  if (v == nullptr) return 0;
  if (const auto* u = v->get_if<std::uint64_t>()) return *u;
  const auto* i = v->get_if<std::int64_t>();
  return i == nullptr || *i < 0 ? 0 : static_cast<std::uint64_t>(*i);
}

bool flag_in(const Value& map, std::string_view key) {
  const Value* v = map.find(key);
  const bool* b = v == nullptr ? nullptr : v->get_if<bool>();
  return b != nullptr && *b;
}

std::string text_in(const Value& map, std::string_view key) {
  const Value* v = map.find(key);
  const auto* s = v == nullptr ? nullptr : v->get_if<std::string>();
  return s == nullptr ? std::string() : *s;
}

const Value::Array& array_in(const Value& map, std::string_view key) {
  static const Value::Array kNone;
  const Value* v = map.find(key);
  const auto* a = v == nullptr ? nullptr : v->get_if<Value::Array>();
  return a == nullptr ? kNone : *a;
}

std::vector<std::string> texts_in(const Value& map, std::string_view key) {
  std::vector<std::string> texts;
  for (const Value& one : array_in(map, key)) {
    if (const auto* s = one.get_if<std::string>()) texts.push_back(*s);
  }
  return texts;
}

const Value& map_in(const Value& map, std::string_view key) {
  static const Value kNone{Value::Map{}};
  const Value* v = map.find(key);
  return v == nullptr || !v->is<Value::Map>() ? kNone : *v;
}

}  // namespace gale::control
