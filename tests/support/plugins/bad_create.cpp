// SPDX-License-Identifier: Apache-2.0
#include "gale/plugin.hpp"

namespace {

int made = 0;

class Second final : public gale::BasicBolt {  // the first object describes itself, the second is to run
 public:
  Second() {
    if (++made > 1) throw gale::Error("one is enough");
  }
  void execute(const gale::Tuple&, gale::Collector&) override {}
};

}  // namespace

GALE_PLUGIN("bad_create", "1", Second);
