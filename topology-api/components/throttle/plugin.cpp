// SPDX-License-Identifier: Apache-2.0
#include "bolt.hpp"

#include <gale/plugin.hpp>

namespace gale::stock::throttle {
GALE_PLUGIN("throttle", "1.0.0", Bolt);
}  // namespace gale::stock::throttle
