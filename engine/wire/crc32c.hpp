// SPDX-License-Identifier: Apache-2.0
//
// CRC-32C (Castagnoli), by table: it guards the 44 bytes of a frame header, about 60 ns a frame, so no hardware path.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>

namespace gale::wire {

namespace detail {
constexpr std::array<std::uint32_t, 256> crc32c_table() {
  std::array<std::uint32_t, 256> table{};
  for (std::uint32_t i = 0; i < 256; ++i) {
    std::uint32_t c = i;
    for (int bit = 0; bit < 8; ++bit) c = (c >> 1) ^ ((c & 1) ? 0x82f63b78u : 0u);
    table[i] = c;
  }
  return table;
}
inline constexpr auto kCrc32cTable = crc32c_table();
}  // namespace detail

constexpr std::uint32_t crc32c(const std::uint8_t* data, std::size_t size) noexcept {
  std::uint32_t c = 0xffffffffu;
  for (std::size_t i = 0; i < size; ++i) c = detail::kCrc32cTable[(c ^ data[i]) & 0xff] ^ (c >> 8);
  return ~c;
}

}  // namespace gale::wire
