// SPDX-License-Identifier: Apache-2.0
#include "parse_bolt.hpp"

#include <gale/plugin.hpp>

namespace gale::stock::json {
GALE_PLUGIN("json", "1.0.0", ParseBolt);
}  // namespace gale::stock::json
