// SPDX-License-Identifier: Apache-2.0
//
// What a plugin says of itself, as a section of a page: what a manual says of its components is made from them.
#pragma once

#include "supervisor/cli/plugin_json.hpp"

#include <string>

namespace gale::cli {

/// `plugin` is what describe_in_child() answered, without an error. Says nothing of version, compiler and place.
[[nodiscard]] std::string markdown_of(const Json& plugin);

}  // namespace gale::cli
