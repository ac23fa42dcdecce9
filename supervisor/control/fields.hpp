// SPDX-License-Identifier: Apache-2.0
//
// Fields: reads members of a msgpack map that came from elsewhere. A member that is missing or of another type is empty
// or 0, so that either side may be newer; who needs it present says so itself.
#pragma once

#include "gale/value.hpp"

#include <cstdint>
#include <string>
#include <vector>

namespace gale::control {

[[nodiscard]] std::uint64_t number_in(const Value& map, std::string_view key);
[[nodiscard]] bool flag_in(const Value& map, std::string_view key);
[[nodiscard]] std::string text_in(const Value& map, std::string_view key);
/// An empty array when it is none.
[[nodiscard]] const Value::Array& array_in(const Value& map, std::string_view key);
/// Its strings.
[[nodiscard]] std::vector<std::string> texts_in(const Value& map, std::string_view key);
/// An empty map when it is none.
[[nodiscard]] const Value& map_in(const Value& map, std::string_view key);

}  // namespace gale::control
