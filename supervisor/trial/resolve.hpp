// SPDX-License-Identifier: Apache-2.0
//
// A test of a topology against the plan of that topology: names become numbers, tuples become rows. Pure functions.
#pragma once

#include "engine/base/fault.hpp"
#include "engine/plan/plan.hpp"
#include "engine/plan/tests_block.hpp"
#include "gale/value.hpp"

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

namespace gale::trial {

/// What happens to a component, or in a spout's place.
struct Step {
  std::size_t from = 0;      // a component alone: its input, by number; else the spout's component
  std::uint16_t stream = 0;  // of that spout
  Value::Array values;
  std::optional<Duration> advance;  // instead of a tuple
};

/// A tuple that is wanted; a value that is nothing may be anything.
struct WantedRow {
  Position at;
  std::vector<std::optional<Value>> values;
};

struct WantedStream {
  std::size_t component = 0;
  std::uint16_t stream = 0;
  Position at;
  std::vector<WantedRow> rows;
};

struct ResolvedTest {
  std::optional<std::size_t> alone;   // the component under test
  std::vector<std::size_t> replaced;  // spouts
  std::vector<Step> steps;
  std::vector<WantedStream> wanted;
};

/// Nothing when it does not fit (faults say why).
[[nodiscard]] std::optional<ResolvedTest> resolve(const plan::TopologyTest& test, const plan::Plan& plan,
                                                  Faults& faults);

/// Of a topology with faults the ids alone are known: faults for those that the test names and there are not.
void check_ids(const plan::TopologyTest& test, const plan::Topology& topology, Faults& faults);

/// "count" or "split.bad"
[[nodiscard]] std::string stream_name(const plan::Plan& plan, std::size_t component, std::uint16_t stream);

}  // namespace gale::trial
