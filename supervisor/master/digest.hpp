// SPDX-License-Identifier: Apache-2.0
//
// sum_of(): the sum by which a stored row is known to be whole. A door to libsodium. Pure.
#pragma once

#include <initializer_list>
#include <string>
#include <string_view>

namespace gale::master {

/// 16 bytes over the parts and where each ends (BLAKE2b). Against damage, not against people.
[[nodiscard]] std::string sum_of(std::initializer_list<std::string_view> parts);

}  // namespace gale::master
