// SPDX-License-Identifier: Apache-2.0
//
// What the master says of a topology, as text for people. Pure.
#pragma once

#include "gale/value.hpp"

#include <string>

namespace gale::cli {

[[nodiscard]] std::string status_text(const Value& status);
[[nodiscard]] std::string error_text(const Value& error);
/// Tables of the workers, and of the components, of one status.
[[nodiscard]] std::string workers_text(const Value& status);
[[nodiscard]] std::string components_text(const Value& status);

}  // namespace gale::cli
