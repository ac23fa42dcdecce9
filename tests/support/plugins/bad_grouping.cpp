// SPDX-License-Identifier: Apache-2.0
//
// A grouping that says it is of a minor that had none.
#include "other_abi.hpp"

#include "gale/plugin.hpp"

namespace {
class First final : public gale::Grouping {
 public:
  void choose(const gale::Values&, gale::Targets& to) override { to.add(0); }
};
}  // namespace

GALE_PLUGIN("bad_grouping", "1", First);
