// SPDX-License-Identifier: Apache-2.0
//
// A plugin with a grouping alone: all tuples go to one task, which a key names.
#include "gale/plugin.hpp"

#include <algorithm>

namespace {

class One final : public gale::Grouping {
 public:
  void describe(gale::Describe& d) override {
    d.doc("All to one task.");
    d.key("task", task_, "Which, from 0; the last one when there are fewer.", {.required = true});
  }
  void choose(const gale::Values&, gale::Targets& to) override { to.add(std::min(task_, to.tasks() - 1)); }

 private:
  std::uint32_t task_ = 0;
};

}  // namespace

GALE_PLUGIN("chooser", "1.0.0", One);
