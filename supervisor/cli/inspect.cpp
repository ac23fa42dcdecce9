// SPDX-License-Identifier: Apache-2.0
//
// gale inspect PLUGIN...: what a plugin says of itself. Its file is read first, as always; it is loaded in a child
// process, so that one that crashes, blocks or ends the process in its constructors is refused like any other.
#include "supervisor/cli/commands.hpp"
#include "supervisor/cli/in_child.hpp"
#include "supervisor/cli/table.hpp"
#include "supervisor/cli/topology_arguments.hpp"

#include <boost/program_options.hpp>
#include <nlohmann/json.hpp>

#include <cstdio>
#include <type_traits>
#include <variant>

namespace gale::cli {
namespace po = boost::program_options;
namespace {

using Json = nlohmann::ordered_json;

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

std::string dump(const Json& json) { return json.dump(-1, ' ', false, Json::error_handler_t::replace); }

/// In the child: the plugin as JSON, or {"error": why}.
std::string look(const std::string& plugin, const TopologyArguments& arguments) {
  const bool is_file = plugin.find('/') != std::string::npos || plugin.ends_with(".so");
  host::PluginSearch search = search_for(arguments);
  const host::Opened opened = is_file ? host::Plugin::open(plugin) : search.find(plugin);
  return dump(opened ? json_of(*opened.plugin) : Json{{"error", opened.error}});
}

std::string text_of(const Json& names) {
  std::string all;
  for (const Json& name : names) all += (all.empty() ? "" : ", ") + name.get<std::string>();
  return all;
}

void print(const Json& plugin) {
  std::printf("%s %s, plugin ABI %s, built by %s\n%s\n", plugin["name"].get<std::string>().c_str(),
              plugin["version"].get<std::string>().c_str(), plugin["abi"].get<std::string>().c_str(),
              plugin["build"].get<std::string>().c_str(), plugin["file"].get<std::string>().c_str());
  for (const Json& c : plugin["components"]) {
    std::printf("\n%s, a %s: %s\n", c["name"].get<std::string>().c_str(), c["kind"].get<std::string>().c_str(),
                c["doc"].get<std::string>().c_str());
    for (const Json& s : c["streams"]) {
      std::printf("  emits %s(%s)%s\n", s["name"] == "default" ? "" : (s["name"].get<std::string>() + ": ").c_str(),
                  text_of(s["fields"]).c_str(), s["direct"].get<bool>() ? ", direct" : "");
    }
    if (!c["reads"].empty()) std::printf("  reads %s\n", text_of(c["reads"]).c_str());
    if (c["tick_ms"] != 0) std::printf("  ticks every %d ms\n", c["tick_ms"].get<int>());
    if (c["keys"].empty()) continue;
    Table table({"  key", "type", "default", ""});
    for (const Json& k : c["keys"]) {
      table.row({"  " + k["name"].get<std::string>(), k["type"].get<std::string>(),
                 k["required"].get<bool>() ? "required" : dump(k["default"]), k["doc"].get<std::string>()});
    }
    std::fputs(table.text().c_str(), stdout);
  }
}

class Inspect final : public Command {
 public:
  Inspect() {
    add_plugins_option(option(), where_);
    option()("json", po::bool_switch(&json_), "a line of JSON for each");
  }
  [[nodiscard]] About about() const override {
    return {.name = "inspect",
            .summary = "prints what plugins say of themselves",
            .text =
                "Prints what plugins say of themselves: version, components, keys, streams. A plugin is a name,\n"
                "as in a topology, or a file.",
            .operands = {.word = "plugin", .mark = "PLUGIN", .many = true},
            .status_2 = "bad usage, or a plugin cannot be used"};
  }
  int run(const std::vector<std::string>& plugins) override {
    bool all_fine = true, first = true;
    for (const std::string& plugin : plugins) {
      const Result<std::string> said = in_child([&] { return look(plugin, where_); }, kMost);
      const Json answer =
          said ? Json::parse(*said) : Json{{"error", "plugin '" + plugin + "': while it was loaded " + said.error()}};
      if (const auto error = answer.find("error"); error != answer.end()) {
        complain(error->get<std::string>());
        all_fine = false;
        continue;
      }
      if (json_) {
        std::puts(dump(answer).c_str());
      } else {
        if (!first) std::puts("");
        print(answer);
      }
      first = false;
    }
    return all_fine ? kOk : kUsage;
  }

 private:
  TopologyArguments where_;
  bool json_ = false;
};

}  // namespace

std::unique_ptr<Command> inspect_command() { return std::make_unique<Inspect>(); }

}  // namespace gale::cli
