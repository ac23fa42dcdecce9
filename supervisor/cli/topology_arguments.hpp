// SPDX-License-Identifier: Apache-2.0
//
// What the commands that take a topology share: the options that say what becomes of its file, and the way from the
// file and its plugins to a plan.
#pragma once

#include "engine/plan/make_plan.hpp"
#include "topology-api/host/search.hpp"

#include <boost/program_options/options_description.hpp>

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace gale::cli {

/// What every worker of a run needs to make the same plan.
struct TopologyArguments {
  std::string file;
  std::vector<std::string> sets;     // key=value
  std::vector<std::string> plugins;  // directories
  std::vector<std::string> only;     // ids of components
  std::vector<std::string> tasks;    // id=n
  std::optional<std::uint32_t> workers;

  /// As a command line, for a worker process.
  [[nodiscard]] std::vector<std::string> to_arguments() const;
};
using OptionsInit = boost::program_options::options_description_easy_init;

/// --set, --plugins
void add_topology_options(OptionsInit add, TopologyArguments& arguments);
/// --only
void add_only_option(OptionsInit add, TopologyArguments& arguments);
/// --tasks
void add_tasks_option(OptionsInit add, TopologyArguments& arguments);
/// --plugins alone
void add_plugins_option(OptionsInit add, TopologyArguments& arguments);
/// --workers
void add_workers_option(OptionsInit add, TopologyArguments& arguments, const char* explain);

[[nodiscard]] host::PluginSearch search_for(const TopologyArguments& arguments);

/// What --set gave; an error when one is no KEY=VALUE.
[[nodiscard]] Result<plan::Sets> sets_of(const TopologyArguments& arguments);

/// Reads, checks and plans. A wrong --set is a fault without a place.
[[nodiscard]] plan::PlanOutcome load(const TopologyArguments& arguments, host::PluginSearch& search);

}  // namespace gale::cli
