// SPDX-License-Identifier: Apache-2.0
#include "spout.hpp"

#include <gale/plugin.hpp>

namespace gale::stock::rate {
GALE_PLUGIN("rate", "1.0.0", Spout);
}  // namespace gale::stock::rate
