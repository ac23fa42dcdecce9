// SPDX-License-Identifier: Apache-2.0
//
// A plugin that loads, and crashes when a component is asked what it is with a file's configuration.
#include "gale/plugin.hpp"

#include <csignal>

namespace {

class Bolt final : public gale::BasicBolt {
 public:
  void describe(gale::Describe& d) override {
    d.emits({"x"});
    if (d.bound()) std::raise(SIGSEGV);
  }
  void execute(const gale::Tuple&, gale::Collector&) override {}
};

}  // namespace

GALE_PLUGIN("bad_bound", "1", Bolt);
