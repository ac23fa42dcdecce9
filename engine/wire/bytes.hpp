// SPDX-License-Identifier: Apache-2.0
//
// Little-endian integers at unaligned places: the only way bytes of a frame are written and read.
#pragma once

#include <bit>
#include <cstdint>
#include <cstring>

namespace gale::wire {

static_assert(std::endian::native == std::endian::little, "frames are little-endian and copied as they are");

template <class Int>
inline std::uint8_t* put(std::uint8_t* at, Int value) noexcept {
  std::memcpy(at, &value, sizeof value);
  return at + sizeof value;
}
template <class Int>
inline Int get(const std::uint8_t* at) noexcept {
  Int value;
  std::memcpy(&value, at, sizeof value);
  return value;
}

}  // namespace gale::wire
