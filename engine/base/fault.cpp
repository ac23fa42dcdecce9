// SPDX-License-Identifier: Apache-2.0
#include "engine/base/fault.hpp"

#include <algorithm>

namespace gale {

void sort_faults(Faults& faults) {
  const auto before = [](const Fault& a, const Fault& b) {
    const bool a_nowhere = a.at.line == 0, b_nowhere = b.at.line == 0;
    return a_nowhere != b_nowhere ? b_nowhere : a.at < b.at;
  };
  std::stable_sort(faults.begin(), faults.end(), before);
  faults.erase(std::unique(faults.begin(), faults.end()), faults.end());
}

std::string render(const Fault& fault, std::string_view file) {
  std::string line(file);
  if (fault.at.line != 0) line += ":" + std::to_string(fault.at.line) + ":" + std::to_string(fault.at.column);
  return line + ": " + fault.text;
}

}  // namespace gale
