// SPDX-License-Identifier: Apache-2.0
//
// Between gale::Value and nlohmann's JSON. Pure.
#pragma once

#include <gale/value.hpp>

#include <nlohmann/json_fwd.hpp>

#include <string>
#include <string_view>

namespace gale::stock::json {

/// Objects become maps, integers stay integers. Throws gale::Error when it is nested deeper than a tuple may hold.
Value to_value(const nlohmann::json& json);
/// Bytes become text. NaN and infinities become null: JSON has none.
nlohmann::json to_json(const Value& value);
/// A whole JSON text (RFC 8259, UTF-8). Throws gale::Error with the place and what was wrong there.
nlohmann::json parse(std::string_view text);

}  // namespace gale::stock::json
