// SPDX-License-Identifier: Apache-2.0
//
// gale inspect PLUGIN...: what a plugin says of itself. Its file is read first, as always; it is loaded in a child
// process.
#include "supervisor/cli/commands.hpp"
#include "supervisor/cli/plugin_json.hpp"
#include "supervisor/cli/plugin_markdown.hpp"
#include "supervisor/cli/table.hpp"
#include "supervisor/cli/topology_arguments.hpp"

#include <boost/program_options.hpp>

#include <cstdio>

namespace gale::cli {
namespace po = boost::program_options;
namespace {

/// A name as in a topology, or a file.
host::Opened open_plugin(const std::string& plugin, const TopologyArguments& arguments) {
  const bool is_file = plugin.find('/') != std::string::npos || plugin.ends_with(".so");
  return is_file ? host::Plugin::open(plugin) : search_for(arguments).find(plugin);
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
                 k["required"].get<bool>() ? "required" : line_of(k["default"]), k["doc"].get<std::string>()});
    }
    std::fputs(table.text().c_str(), stdout);
  }
}

class Inspect final : public Command {
 public:
  Inspect() {
    add_plugins_option(option(), where_);
    where_.file = "topology.yaml";                                    // as if one stood here
    option()                                                          //
        ("json", po::bool_switch(&json_), "a line of JSON for each")  //
        ("markdown", po::bool_switch(&markdown_), "a section of Markdown for each, without versions and places");
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
    if (json_ && markdown_) {
      complain("--json and --markdown are two forms of one answer: one at a time");
      return kUsage;
    }
    bool all_fine = true, first = true;
    for (const std::string& plugin : plugins) {
      const Json answer = describe_in_child(plugin, [&] { return open_plugin(plugin, where_); });
      if (const auto error = answer.find("error"); error != answer.end()) {
        complain(error->get<std::string>());
        all_fine = false;
        continue;
      }
      if (json_) {
        std::puts(line_of(answer).c_str());
      } else {
        if (!first) std::puts("");
        markdown_ ? static_cast<void>(std::fputs(markdown_of(answer).c_str(), stdout)) : print(answer);
      }
      first = false;
    }
    return all_fine ? kOk : kUsage;
  }

 private:
  TopologyArguments where_;
  bool json_ = false, markdown_ = false;
};

}  // namespace

std::unique_ptr<Command> inspect_command() { return std::make_unique<Inspect>(); }

}  // namespace gale::cli
