// SPDX-License-Identifier: Apache-2.0
//
// A hook that declares a stream, which it could not emit to.
#include "gale/plugin.hpp"

struct Loud final : gale::TaskHook {
  void describe(gale::Describe& d) override { d.emits({"n"}); }
};

GALE_PLUGIN("bad_hook", "1", Loud);
