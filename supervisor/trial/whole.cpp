// SPDX-License-Identifier: Apache-2.0
#include "supervisor/trial/whole.hpp"

#include "supervisor/trial/compare.hpp"
#include "supervisor/trial/play.hpp"

#include <string>
#include <utility>

namespace gale::trial {
namespace {

void compare(const plan::TopologyTest& test, const ResolvedTest& resolved, const plan::Plan& plan, const Played& played,
             std::vector<Complaint>& complaints) {
  for (std::size_t i = 0; i < played.seen.size(); ++i) {
    const WantedStream& wanted = resolved.wanted[i];
    std::vector<std::string> lines = differences(wanted.rows, played.seen[i], test.exact);
    if (lines.empty()) continue;
    complaints.push_back(
        {wanted.at,
         emitted_text(stream_name(plan, wanted.component, wanted.stream), played.seen[i].size(), wanted.rows.size()),
         std::move(lines)});
  }
  if (std::vector<std::string> lines = reason_differences(test.fails, played.fails); !lines.empty()) {
    complaints.push_back(
        {test.fails.empty() ? test.at : test.fails.front().at,
         count_of(played.fails.size(), "tuple") + " failed, wanted are " + std::to_string(test.fails.size()),
         std::move(lines)});
  }
}

}  // namespace

std::vector<Complaint> run_whole(const plan::TopologyTest& test, const ResolvedTest& resolved,
                                 const plan::Topology& topology, const plan::Plan& plan, plan::Catalog& catalog,
                                 host::PluginSearch& search) {
  const Played played = play(resolved, test.timeout, topology, plan, catalog, search);
  std::vector<Complaint> complaints;
  for (const Fault& fault : played.faults) complaints.push_back({fault.at, fault.text, {}});
  for (const std::string& trouble : played.troubles) complaints.push_back({test.at, trouble, {}});
  if (played.failed != 0)
    complaints.push_back(
        {test.at,
         count_of(played.failed, "tuple") +
             " of spouts that were not replaced failed for good; put tuples in their place to want that",
         {}});
  compare(test, resolved, plan, played, complaints);
  if (!complaints.empty() && !played.errors.empty())
    complaints.push_back({test.at, "errors while it ran", played.errors});
  return complaints;
}

}  // namespace gale::trial
