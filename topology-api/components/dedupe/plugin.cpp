// SPDX-License-Identifier: Apache-2.0
#include "bolt.hpp"

#include <gale/plugin.hpp>

namespace gale::stock::dedupe {
GALE_PLUGIN("dedupe", "1.0.0", Bolt);
}  // namespace gale::stock::dedupe
