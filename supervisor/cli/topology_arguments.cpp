// SPDX-License-Identifier: Apache-2.0
#include "supervisor/cli/topology_arguments.hpp"

#include "engine/plan/only.hpp"
#include "engine/plan/plugin_catalog.hpp"
#include "engine/plan/settings_table.hpp"
#include "supervisor/cli/options.hpp"

#include <boost/program_options.hpp>

#include <charconv>
#include <filesystem>
#include <utility>

namespace gale::cli {
namespace po = boost::program_options;

std::vector<std::string> TopologyArguments::to_arguments() const {
  std::vector<std::string> out = {file};
  for (const std::string& set : sets) out.insert(out.end(), {"--set", set});
  for (const std::string& dir : plugins) out.insert(out.end(), {"--plugins", dir});
  for (const std::string& id : only) out.insert(out.end(), {"--only", id});
  return out;
}

void add_plugins_option(OptionsInit add, TopologyArguments& arguments) {
  add("plugins", po::value(&arguments.plugins)->composing()->value_name("DIR"),
      "looks for plugins there first, then in GALE_PLUGINS, in plugins/ and build/plugins/ beside the topology file, "
      "and in "
      "the folder of this installation; may be repeated");
}

void add_topology_options(OptionsInit add, TopologyArguments& arguments) {
  add("set", po::value(&arguments.sets)->composing()->value_name("KEY=VALUE"),
      "gives ${KEY} of the topology file a value; may be repeated, the last of a key holds");
  add_plugins_option(add, arguments);
}

void add_only_option(OptionsInit add, TopologyArguments& arguments) {
  add("only", po::value(&arguments.only)->composing()->value_name("ID"),
      "takes that component and all that lead to it, and leaves out what lies behind; may be repeated");
}

void add_tasks_option(OptionsInit add, TopologyArguments& arguments) {
  add("tasks", po::value(&arguments.tasks)->composing()->value_name("ID=N"),
      "gives that component so many tasks, whatever the file says; may be repeated");
}

void add_workers_option(OptionsInit add, TopologyArguments& arguments, const char* explain) {
  add("workers", count_option("workers", arguments.workers, 1, plan::kMostWorkers), explain);
}

host::PluginSearch search_for(const TopologyArguments& arguments) {
  const std::vector<std::filesystem::path> given(arguments.plugins.begin(), arguments.plugins.end());
  return host::PluginSearch(host::PluginSearch::standard_dirs(given, arguments.file));
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

namespace {

/// What --tasks gave.
Result<plan::PlanOptions> plan_options(const TopologyArguments& arguments) {
  plan::PlanOptions options{arguments.workers, {}};
  for (const std::string& one : arguments.tasks) {
    const std::size_t equals = one.rfind('=');
    const char* const end = one.data() + one.size();
    std::uint32_t n = 0;
    const bool number = equals != std::string::npos && equals > 0 &&
                        std::from_chars(one.data() + equals + 1, end, n).ptr == end && equals + 1 < one.size();
    if (!number) return Failed{"--tasks '" + one + "': wants ID=N, a component's id and a number"};
    options.tasks[one.substr(0, equals)] = n;
  }
  return options;
}

plan::PlanOutcome refused(std::string why) {
  plan::PlanOutcome bad;
  bad.faults.push_back({{}, std::move(why)});
  return bad;
}

}  // namespace

plan::PlanOutcome load(const TopologyArguments& arguments, host::PluginSearch& search) {
  const Result<plan::Sets> sets = sets_of(arguments);
  if (!sets) return refused(sets.error());
  const Result<plan::PlanOptions> options = plan_options(arguments);
  if (!options) return refused(options.error());
  const plan::Topology topology = plan::read_topology_file(arguments.file, *sets, plan::process_environment());
  plan::PluginCatalog catalog(search);
  plan::PlanOutcome whole = plan::make_plan(topology, catalog, *options);
  if (!whole || arguments.only.empty()) return whole;
  const Result<plan::Topology> part = plan::only(topology, arguments.only);
  if (part) return plan::make_plan(*part, catalog, *options);
  whole.plan.reset();
  whole.faults.push_back({{}, part.error()});
  return whole;
}

}  // namespace gale::cli
