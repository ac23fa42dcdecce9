// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "tests/support/fake_host.hpp"

#include <string>

namespace gale::test {

/// What a component says against its configuration; empty when it accepts it.
inline std::string refusal(const gale_component& component, host::TaskInfo info) {
  FakeHost host(component, std::move(info));
  const std::string said = host.create();
  const std::string begin = "component 'Tested' cannot be made: ";
  return said.compare(0, begin.size(), begin) == 0 ? said.substr(begin.size()) : said;
}

}  // namespace gale::test
