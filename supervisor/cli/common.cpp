// SPDX-License-Identifier: Apache-2.0
#include "supervisor/cli/common.hpp"

#include "engine/plan/only.hpp"

#include <boost/program_options.hpp>

#include <charconv>
#include <cstdio>
#include <filesystem>
#include <iostream>

namespace gale::cli {
namespace po = boost::program_options;

void complain(std::string_view text) {
  std::fprintf(stderr, "gale: %.*s\n", static_cast<int>(text.size()), text.data());
}

std::vector<std::string> TopologyArguments::to_arguments() const {
  std::vector<std::string> out = {file};
  for (const std::string& set : sets) out.insert(out.end(), {"--set", set});
  for (const std::string& dir : plugins) out.insert(out.end(), {"--plugins", dir});
  for (const std::string& id : only) out.insert(out.end(), {"--only", id});
  return out;
}

void add_options(po::options_description& options, TopologyArguments& arguments) {
  options.add_options()  //
      ("set", po::value(&arguments.sets)->composing()->value_name("KEY=VALUE"),
       "gives ${KEY} of the topology file a value; may be repeated")  //
      ("plugins", po::value(&arguments.plugins)->composing()->value_name("DIR"),
       "looks for plugins there first, then in GALE_PLUGINS, then in ../plugins beside gale; may be repeated")  //
      ("only", po::value(&arguments.only)->composing()->value_name("ID"),
       "takes that component and all that lead to it, and leaves out what lies behind; may be repeated");
}

Result<const host::PluginDescription*> PluginCatalog::find(std::string_view plugin) {
  const host::Opened opened = search_.find(plugin);
  if (!opened) return Failed{opened.error};
  return &opened.plugin->description();
}

Result<std::optional<host::ComponentDescription>> PluginCatalog::describe(std::string_view plugin,
                                                                          std::string_view component,
                                                                          const host::TaskInfo& task) {
  const host::Opened opened = search_.find(plugin);
  if (!opened) return Failed{opened.error};
  host::Described described = opened.plugin->describe(component, task);
  if (!described) return Failed{described.error};
  return std::optional(std::move(described.description));
}

host::PluginSearch search_for(const TopologyArguments& arguments) {
  const std::vector<std::filesystem::path> given(arguments.plugins.begin(), arguments.plugins.end());
  return host::PluginSearch(host::PluginSearch::standard_dirs(given));
}

Result<plan::Sets> sets_of(const TopologyArguments& arguments) {
  plan::Sets sets;
  for (const std::string& argument : arguments.sets) {
    Result<std::pair<std::string, std::string>> set = plan::parse_set(argument);
    if (!set) return Failed{set.error()};
    sets.insert_or_assign(set->first, set->second);
  }
  return sets;
}

plan::PlanOutcome load(const TopologyArguments& arguments, host::PluginSearch& search) {
  const Result<plan::Sets> sets = sets_of(arguments);
  if (!sets) return {std::nullopt, {{{}, sets.error()}}};
  const plan::Topology topology = plan::read_topology_file(arguments.file, *sets, plan::process_environment());
  PluginCatalog catalog(search);
  plan::PlanOutcome whole = plan::make_plan(topology, catalog, {arguments.workers});
  if (!whole || arguments.only.empty()) return whole;
  const Result<plan::Topology> part = plan::only(topology, arguments.only);
  if (part) return plan::make_plan(*part, catalog, {arguments.workers});
  whole.plan.reset();
  whole.faults.push_back({{}, part.error()});
  return whole;
}

std::optional<Duration> parse_duration(std::string_view text) {
  double number = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
  if (error != std::errc() || number < 0 || number > 1e9) return std::nullopt;
  const std::string_view unit(end, static_cast<std::size_t>(text.data() + text.size() - end));
  for (const auto& [name, seconds] :
       {std::pair{"ms", 1e-3}, std::pair{"s", 1.0}, std::pair{"", 1.0}, std::pair{"m", 60.0}, std::pair{"h", 3600.0}}) {
    if (unit == name) return std::chrono::duration_cast<Duration>(std::chrono::duration<double>(number * seconds));
  }
  return std::nullopt;
}

std::optional<int> parse(const CommandLine& line, const std::vector<std::string>& arguments,
                         std::vector<std::string>* files) {
  std::vector<std::string> positional;
  po::options_description all;
  line.options.add_options()("help,h", "shows this and ends");
  all.add(line.options);
  all.add_options()("file", po::value(&positional));
  po::positional_options_description places;
  places.add("file", -1);
  try {
    po::variables_map given;
    po::store(po::command_line_parser(arguments).options(all).positional(places).run(), given);
    if (given.count("help") != 0) {
      std::cout << "Usage: " << line.usage << "\n" << line.explain << "\n\n" << line.options;
      return kOk;
    }
    po::notify(given);
  } catch (const po::error& e) {
    complain(std::string(e.what()) + "; see '" + line.usage.substr(0, line.usage.find(' ', 5)) + " --help'");
    return kUsage;
  }
  if (files == nullptr && !positional.empty()) {
    complain("what is '" + positional.front() + "' for? usage: " + line.usage);
    return kUsage;
  }
  if (files != nullptr && positional.empty() && !line.without_file) {
    complain("a topology file is missing; usage: " + line.usage);
    return kUsage;
  }
  if (files != nullptr) *files = std::move(positional);
  return std::nullopt;
}

}  // namespace gale::cli
