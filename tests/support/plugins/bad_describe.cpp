// SPDX-License-Identifier: Apache-2.0
#include "gale/plugin.hpp"

namespace {

class Early final : public gale::BasicBolt {
 public:
  Early() { throw gale::Error("cannot reach the database"); }
  void execute(const gale::Tuple&, gale::Collector&) override {}
};

}  // namespace

GALE_PLUGIN("bad_describe", "1", Early);
