// SPDX-License-Identifier: Apache-2.0
//
// Verdicts as JUnit XML, which build servers show. Names and texts are UTF-8. Pure functions.
#pragma once

#include "supervisor/trial/verdict.hpp"

#include <string>
#include <vector>

namespace gale::trial {

struct FileVerdicts {
  std::string file;
  std::vector<Verdict> tests;
};

[[nodiscard]] std::string junit_xml(const std::vector<FileVerdicts>& files);

/// "file:line:column: text" and what differs, indented; a line each.
[[nodiscard]] std::string text_of(const std::string& file, const Complaint& complaint);

}  // namespace gale::trial
