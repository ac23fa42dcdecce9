// SPDX-License-Identifier: Apache-2.0
#include "line_bolt.hpp"
#include "line_spout.hpp"

#include <gale/plugin.hpp>

namespace gale::stock::file {
GALE_PLUGIN("file", "1.0.0", LineSpout, LineBolt);
}  // namespace gale::stock::file
