// SPDX-License-Identifier: Apache-2.0
#include "gale/plugin.hpp"

namespace one {
struct Count final : gale::BasicBolt {
  void execute(const gale::Tuple&, gale::Collector&) override {}
};
}  // namespace one
namespace two {
struct Count final : gale::BasicBolt {
  void execute(const gale::Tuple&, gale::Collector&) override {}
};
}  // namespace two

GALE_PLUGIN("bad_names", "1", one::Count, two::Count);
