// SPDX-License-Identifier: Apache-2.0
#include "bolt.hpp"

#include <gale/plugin.hpp>

namespace gale::stock::validate {
GALE_PLUGIN("validate", "1.0.0", Bolt);
}  // namespace gale::stock::validate
