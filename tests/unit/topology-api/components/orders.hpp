// SPDX-License-Identifier: Apache-2.0
//
// The input that tests of stock bolts have: orders/default, with the fields that a test names.
#pragma once

#include "gale/testkit.hpp"

#include <string>
#include <utility>
#include <vector>

namespace gale::test {

using testkit::Harness, testkit::Rows, testkit::Said, testkit::State;

inline testkit::Options orders(std::vector<std::string> fields) {
  return {.inputs = {{"orders", "default", std::move(fields)}}};
}

}  // namespace gale::test
