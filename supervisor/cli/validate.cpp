// SPDX-License-Identifier: Apache-2.0
//
// gale validate FILE...: reports every fault of every file.
#include "supervisor/cli/common.hpp"

#include <cstdio>

namespace gale::cli {

int validate_command(const std::vector<std::string>& arguments) {
  TopologyArguments topology;
  std::vector<std::string> files;
  boost::program_options::options_description options("Options");
  add_options(options, topology);
  const CommandLine line{"gale validate FILE... [options]",
                         "Checks topology files against their plugins and reports all faults, a line each.", options};
  if (const auto over = parse(line, arguments, &files)) return *over;
  host::PluginSearch search = search_for(topology);
  bool all_fine = true;
  for (const std::string& file : files) {
    topology.file = file;
    const plan::PlanOutcome outcome = load(topology, search);
    std::fputs(plan::report(outcome, file).c_str(), outcome ? stdout : stderr);
    all_fine = all_fine && outcome;
  }
  return all_fine ? kOk : kUsage;
}

}  // namespace gale::cli
