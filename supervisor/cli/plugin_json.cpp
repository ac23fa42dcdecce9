// SPDX-License-Identifier: Apache-2.0
#include "supervisor/cli/plugin_json.hpp"

#include "supervisor/cli/in_child.hpp"

#include <type_traits>
#include <variant>

namespace gale::cli {
namespace {

constexpr Duration kMost = std::chrono::seconds(10);  // to load it

Json json_of(const Value& value) {
  return std::visit(
      [](const auto& v) -> Json {
        using T = std::decay_t<decltype(v)>;
        if constexpr (std::is_same_v<T, Bytes>) {
          return v.data;
        } else if constexpr (std::is_same_v<T, Value::Array>) {
          Json array = Json::array();
          for (const Value& one : v) array.push_back(json_of(one));
          return array;
        } else if constexpr (std::is_same_v<T, Value::Map>) {
          Json map = Json::object();
          for (const auto& [key, one] : v) map[key] = json_of(one);
          return map;
        } else {
          return v;
        }
      },
      value.variant());
}

Json json_of(const host::ComponentDescription& c) {
  Json keys = Json::array(), streams = Json::array();
  for (const host::KeyDescription& k : c.keys) {
    keys.push_back({{"name", k.name},
                    {"type", k.type},
                    {"required", k.required},
                    {"default", k.required ? Json() : json_of(k.default_value)},
                    {"doc", k.doc}});
  }
  for (const host::StreamDescription& s : c.streams)
    streams.push_back({{"name", s.name}, {"fields", s.fields}, {"direct", s.direct}});
  return {{"name", c.name},   {"kind", name_of(c.kind)}, {"doc", c.doc},        {"keys", keys},
          {"reads", c.reads}, {"streams", streams},      {"tick_ms", c.tick_ms}};
}

Json json_of(const host::Plugin& plugin) {
  const host::PluginDescription& d = plugin.description();
  Json components = Json::array();
  for (const host::ComponentDescription& c : d.components) components.push_back(json_of(c));
  return {{"name", d.name},
          {"version", d.version},
          {"abi", std::to_string(d.major) + "." + std::to_string(d.minor)},
          {"build", d.build},
          {"file", plugin.file().string()},
          {"components", components}};
}

}  // namespace

std::string line_of(const Json& json) { return json.dump(-1, ' ', false, Json::error_handler_t::replace); }

Json describe_in_child(const std::string& plugin, const std::function<host::Opened()>& open) {
  const auto look = [&] {
    const host::Opened opened = open();
    return line_of(opened ? json_of(*opened.plugin) : Json{{"error", opened.error}});
  };
  const Result<std::string> said = in_child(look, kMost);
  if (said) return Json::parse(*said);
  return {{"error", "plugin '" + plugin + "': while it was loaded " + said.error()}};
}

}  // namespace gale::cli
