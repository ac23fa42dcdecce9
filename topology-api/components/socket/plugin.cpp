// SPDX-License-Identifier: Apache-2.0
#include "line_spout.hpp"

#include <gale/plugin.hpp>

namespace gale::stock::socket {
GALE_PLUGIN("socket", "1.0.0", LineSpout);
}  // namespace gale::stock::socket
