// SPDX-License-Identifier: Apache-2.0
//
// What several commands share: reading a topology with its plugins into a plan, options that mean the same everywhere,
// exit statuses, and how an error looks.
#pragma once

#include "engine/base/clock.hpp"
#include "engine/plan/catalog.hpp"
#include "engine/plan/make_plan.hpp"
#include "topology-api/host/search.hpp"

#include <boost/program_options/options_description.hpp>
#include <boost/program_options/variables_map.hpp>

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace gale::cli {

inline constexpr int kOk = 0, kTuplesFailed = 1, kUsage = 2;

/// "gale: text" on stderr.
void complain(std::string_view text);

/// What every worker of a run needs to make the same plan.
struct TopologyArguments {
  std::string file;
  std::vector<std::string> sets;     // key=value
  std::vector<std::string> plugins;  // directories
  std::vector<std::string> only;     // ids of components
  std::optional<std::uint32_t> workers;

  /// As a command line, for a worker process.
  [[nodiscard]] std::vector<std::string> to_arguments() const;
};
void add_options(boost::program_options::options_description& options, TopologyArguments& arguments);

/// Opens plugins where the search finds them.
class PluginCatalog final : public plan::Catalog {
 public:
  explicit PluginCatalog(host::PluginSearch& search) : search_(search) {}
  Result<const host::PluginDescription*> find(std::string_view plugin) override;
  Result<std::optional<host::ComponentDescription>> describe(std::string_view plugin, std::string_view component,
                                                             const host::TaskInfo& task) override;

 private:
  host::PluginSearch& search_;
};

[[nodiscard]] host::PluginSearch search_for(const TopologyArguments& arguments);

/// The --set of a command line; an error says which is wrong.
[[nodiscard]] Result<plan::Sets> sets_of(const TopologyArguments& arguments);

/// Reads, checks and plans. A wrong --set is a fault without a place.
[[nodiscard]] plan::PlanOutcome load(const TopologyArguments& arguments, host::PluginSearch& search);

struct CommandLine {
  std::string usage;                                     // "gale run FILE [options]"
  std::string explain;                                   // a sentence or two
  boost::program_options::options_description& options;  // bound to variables by whoever made them
  bool without_file = false;                             // it may be called without a positional argument
};
/// Parses a command's own arguments; `files` gets the positional ones (null: there may be none). An exit status when
/// the command is over already: --help was answered, or a complaint made.
std::optional<int> parse(const CommandLine& line, const std::vector<std::string>& arguments,
                         std::vector<std::string>* files);

/// "500ms", "10s", "5m", "2h"; a number alone is seconds, fractions are allowed.
[[nodiscard]] std::optional<Duration> parse_duration(std::string_view text);

/// The commands: arguments after the command's name; returns the exit status.
int run_command(const std::vector<std::string>& arguments);
int plan_command(const std::vector<std::string>& arguments);
int inspect_command(const std::vector<std::string>& arguments);
int schema_command(const std::vector<std::string>& arguments);
int validate_command(const std::vector<std::string>& arguments);
int worker_command(const std::vector<std::string>& arguments);

}  // namespace gale::cli
