// SPDX-License-Identifier: Apache-2.0
//
// A plugin for tests/cases/plugin-sanitized: a spout with nothing to say.
#include <gale/plugin.hpp>

class Once final : public gale::Spout {
 public:
  gale::Next next(gale::SpoutCollector&) override { return gale::Next::finished(); }
};
GALE_PLUGIN("sanitized", "1.0.0", Once);
