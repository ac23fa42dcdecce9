// SPDX-License-Identifier: Apache-2.0
//
// A catalog of made-up plugins, and what the tests of this folder share.
#pragma once

#include "engine/plan/make_plan.hpp"

#include <map>
#include <string>
#include <utility>
#include <vector>

namespace gale::plan {

/// Holds `words` (Lines, Split, Count, Sink, Join, Ticker), `other` (Nothing) and `audit` (Watch, Worker: hooks).
class FakeCatalog final : public Catalog {
 public:
  FakeCatalog();
  Result<const host::PluginDescription*> find(std::string_view plugin) override;
  std::vector<std::string> names() override;

 private:
  std::map<std::string, host::PluginDescription, std::less<>> plugins_;
};

inline Topology read(std::string_view text, const Sets& sets = {}) {
  static const std::map<std::string, std::string> variables = {{"HOME_OF_WORDS", "/srv/words"}, {"N", "7"}};
  const Environment environment = [](const std::string& name) -> const char* {
    const auto found = variables.find(name);
    return found == variables.end() ? nullptr : found->second.c_str();
  };
  return read_topology(text, "f.yaml", sets, environment);
}

inline PlanOutcome plan_of(std::string_view text, const Sets& sets = {}, const PlanOptions& options = {}) {
  FakeCatalog catalog;
  return make_plan(read(text, sets), catalog, options);
}

/// What `gale validate` would print.
inline std::string report_of(std::string_view text, const Sets& sets = {}, const PlanOptions& options = {}) {
  return report(plan_of(text, sets, options), "f.yaml");
}

/// The plan of a text that must have one.
Plan good_plan(std::string_view text, const Sets& sets = {}, const PlanOptions& options = {});

}  // namespace gale::plan
