// SPDX-License-Identifier: Apache-2.0
#include "convert.hpp"

#include <gale/error.hpp>

#include <nlohmann/json.hpp>

#include <cmath>
#include <type_traits>
#include <variant>

namespace gale::stock::json {
namespace {

constexpr int kDeepest = 30;  // a tuple is read to a depth of 32

Value convert(const nlohmann::json& json, int depth) {
  using Type = nlohmann::json::value_t;
  if (depth > kDeepest) throw Error("nested deeper than " + std::to_string(kDeepest));
  switch (json.type()) {
    case Type::boolean:
      return json.get<bool>();
    case Type::number_integer:
      return json.get<std::int64_t>();
    case Type::number_unsigned:
      return json.get<std::uint64_t>();
    case Type::number_float:
      return json.get<double>();
    case Type::string:
      return json.get_ref<const std::string&>();
    case Type::array: {
      Value::Array array;
      for (const auto& one : json) array.push_back(convert(one, depth + 1));
      return array;
    }
    case Type::object: {
      Value::Map map;
      for (const auto& [key, one] : json.items()) map[key] = convert(one, depth + 1);
      return map;
    }
    default:
      return nullptr;
  }
}

}  // namespace

Value to_value(const nlohmann::json& json) { return convert(json, 0); }

nlohmann::json to_json(const Value& value) {
  return std::visit(
      [](const auto& v) -> nlohmann::json {
        using T = std::decay_t<decltype(v)>;
        if constexpr (std::is_same_v<T, Bytes>) {
          return v.data;
        } else if constexpr (std::is_same_v<T, double>) {
          return std::isfinite(v) ? nlohmann::json(v) : nlohmann::json();
        } else if constexpr (std::is_same_v<T, Value::Array>) {
          nlohmann::json array = nlohmann::json::array();
          for (const Value& one : v) array.push_back(to_json(one));
          return array;
        } else if constexpr (std::is_same_v<T, Value::Map>) {
          nlohmann::json map = nlohmann::json::object();
          for (const auto& [key, one] : v) map[key] = to_json(one);
          return map;
        } else {
          return v;
        }
      },
      value.variant());
}

nlohmann::json parse(std::string_view text) {
  try {
    return nlohmann::json::parse(text);
  } catch (const nlohmann::json::exception& e) {  // "[json.exception.parse_error.101] parse error at line 1, ..."
    const std::string_view said = e.what();
    const std::size_t end = said.find("] ");
    throw Error(std::string(end == std::string_view::npos ? said : said.substr(end + 2)));
  }
}

}  // namespace gale::stock::json
