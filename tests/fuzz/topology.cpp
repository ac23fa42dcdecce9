// SPDX-License-Identifier: Apache-2.0
//
// A topology file, read and planned with made-up plugins: planned, or refused with a fault that says something.
#define DOCTEST_CONFIG_IMPLEMENT  // the catalog is shared with tests, and checks by doctest

#include "engine/base/assert.hpp"
#include "tests/unit/engine/plan/fake_catalog.hpp"

#include <doctest/doctest.h>

#include <cstdint>
#include <string_view>

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace gale;
  const plan::PlanOutcome outcome = plan::plan_of(std::string_view(reinterpret_cast<const char*>(data), size));
  ASSERT(outcome.plan.has_value() == outcome.faults.empty(), "neither a plan nor a fault, or both");
  if (outcome.plan) ASSERT(!outcome.plan->tasks.empty(), "a plan without tasks");
  for (const Fault& fault : outcome.faults) ASSERT(!fault.text.empty(), "a fault without a text");
  return 0;
}
