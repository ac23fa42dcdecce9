// SPDX-License-Identifier: Apache-2.0
//
// The half of YAML that needs no parser: what a text may hold, what a scalar's text means, what a tag asks for, and
// what to advise when a parse fails. For yaml.cpp alone. Pure functions.
#pragma once

#include "engine/base/fault.hpp"
#include "engine/base/yaml.hpp"

#include <optional>
#include <string>
#include <string_view>

namespace gale::yaml {

/// Refuses what is not UTF-8, and control characters: yaml-cpp takes byte 4 for the end of the text.
[[nodiscard]] std::optional<Fault> check_encoding(std::string_view text);

/// Applies one of the standard tags to a scalar; false when it is another tag, or the text is not what the tag says.
[[nodiscard]] bool apply_tag(std::string_view tag, Node& scalar);

/// What most often is behind an error on this line, to stand after the parser's own words; empty when nothing known is.
[[nodiscard]] std::string advice_for(std::string_view text, Position at);

}  // namespace gale::yaml
