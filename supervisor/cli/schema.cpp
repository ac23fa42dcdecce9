// SPDX-License-Identifier: Apache-2.0
//
// gale schema [FILE]: the JSON Schema of topology files, or of one with its plugins' own keys in it. The file may be
// half-written: what can be known of it is used. Plugins run in child processes.
#include "supervisor/schema/schema.hpp"

#include "engine/plan/plugin_catalog.hpp"
#include "supervisor/cli/commands.hpp"
#include "supervisor/cli/in_child.hpp"
#include "supervisor/cli/plugin_json.hpp"
#include "supervisor/cli/topology_arguments.hpp"

#include <cstdio>
#include <set>
#include <utility>

namespace gale::cli {
namespace {

constexpr Duration kMost = std::chrono::seconds(10);  // to ask all components of a file

/// Those plugins that are known to survive being asked.
class SoundPlugins final : public plan::Catalog {
 public:
  SoundPlugins(host::PluginSearch& search, const std::set<std::string, std::less<>>& sound)
      : plugins_(search), sound_(sound) {}

  Result<const host::PluginDescription*> find(std::string_view plugin) override {
    if (!sound_.contains(plugin)) return Failed{"told already"};
    return plugins_.find(plugin);
  }
  Result<std::optional<host::ComponentDescription>> describe(std::string_view plugin, std::string_view component,
                                                             const host::TaskInfo& task) override {
    return plugins_.describe(plugin, component, task);
  }

 private:
  plan::PluginCatalog plugins_;
  const std::set<std::string, std::less<>>& sound_;
};

Json json_of(const std::vector<plan::KnownComponent>& components) {
  Json all = Json::array();
  for (const plan::KnownComponent& c : components) {
    Json streams = Json::array();
    for (const plan::Stream& s : c.streams) streams.push_back({{"name", s.name}, {"fields", s.fields}});
    all.push_back({{"streams", std::move(streams)}, {"sure", c.sure}});
  }
  return all;
}

/// What needs no plugin.
std::vector<plan::KnownComponent> ids_of(const plan::Topology& topology) {
  std::vector<plan::KnownComponent> all;
  for (const plan::Vertex& v : topology.vertices) all.push_back({v.id.value, v.class_name.value, v.kind, {}, false});
  return all;
}

/// The components of the file with their streams, which their plugins are asked for in a child process.
std::vector<plan::KnownComponent> ask_components(const plan::Topology& topology, const TopologyArguments& arguments,
                                                 const std::set<std::string, std::less<>>& sound) {
  std::vector<plan::KnownComponent> all = ids_of(topology);
  const Result<std::string> said = in_child(
      [&] {
        host::PluginSearch search = search_for(arguments);
        SoundPlugins catalog(search, sound);
        return line_of(json_of(plan::known_components(topology, catalog)));
      },
      kMost);
  if (!said) {
    complain(topology.file + ": streams and fields are not known: while its components were asked " + said.error());
    return all;
  }
  const Json answer = Json::parse(*said);
  for (std::size_t i = 0; i < all.size() && i < answer.size(); ++i) {
    all[i].sure = answer[i]["sure"].get<bool>();
    for (const Json& s : answer[i]["streams"]) {
      all[i].streams.push_back({s["name"].get<std::string>(), s["fields"].get<std::vector<std::string>>(), {}, false});
    }
  }
  return all;
}

/// A plugin that cannot be loaded is told and left out.
schema::SchemaFacts facts_of(const plan::Topology& topology, const TopologyArguments& arguments) {
  schema::SchemaFacts facts;
  std::set<std::string, std::less<>> sound;
  for (const plan::Text& entry : topology.plugins) {
    Json plugin = describe_in_child(entry.value, [&] { return search_for(arguments).find(entry.value); });
    if (const auto error = plugin.find("error"); error != plugin.end()) {
      std::fprintf(stderr, "%s\n", render({entry.at, error->get<std::string>()}, topology.file).c_str());
      continue;
    }
    sound.insert(entry.value);
    facts.plugins.push_back(std::move(plugin));
  }
  facts.components = ask_components(topology, arguments, sound);
  return facts;
}

void print(const Json& schema) { std::puts(schema.dump(2, ' ', false, Json::error_handler_t::replace).c_str()); }

class SchemaCommand final : public Command {
 public:
  SchemaCommand() { add_topology_options(option(), arguments_); }
  [[nodiscard]] About about() const override {
    return {.name = "schema",
            .summary = "prints the JSON Schema of topology files, for editors",
            .text =
                "Prints the JSON Schema of topology files for editors: of any file, or of FILE, with the keys of its\n"
                "plugins, its ids, streams and fields. FILE may have faults: what can be known of it is used.",
            .operands = {.word = "topology file", .mark = "FILE", .required = false},
            .status_2 = "bad usage, or the file cannot be read"};
  }
  int run(const std::vector<std::string>& files) override {
    if (files.empty()) {
      print(schema::topology_schema({}));
      return kOk;
    }
    arguments_.file = files.front();
    const Result<plan::Sets> sets = sets_of(arguments_);
    if (!sets) {
      complain(sets.error());
      return kUsage;
    }
    const plan::Topology topology = plan::read_topology_file(arguments_.file, *sets, plan::process_environment());
    const bool nothing_read = !topology.whole && !topology.faults.empty() && topology.faults.front().at == Position{};
    if (!topology.whole) std::fputs(plan::report({std::nullopt, topology.faults}, topology.file).c_str(), stderr);
    if (nothing_read) return kUsage;
    print(schema::topology_schema(topology.whole ? facts_of(topology, arguments_) : schema::SchemaFacts{}));
    return kOk;
  }

 private:
  TopologyArguments arguments_;
};

}  // namespace

std::unique_ptr<Command> schema_command() { return std::make_unique<SchemaCommand>(); }

}  // namespace gale::cli
