// SPDX-License-Identifier: Apache-2.0
//
// UTF-8: is it, and making it so. As RFC 3629 has it: no surrogates, nothing above U+10FFFF, no overlong forms. Pure.
#pragma once

#include <cstddef>
#include <cstdint>
#include <cstring>
#include <string>
#include <string_view>

namespace gale::stock {

/// The length of the well-formed sequence at the front of `s`; 0 when there is none. Then `bad` is how many bytes
/// belong together as one error (the Unicode standard's maximal subpart).
inline std::size_t utf8_sequence(std::string_view s, std::size_t& bad) noexcept {
  const auto byte = [&](std::size_t i) { return static_cast<std::uint8_t>(s[i]); };
  const std::uint8_t lead = byte(0);
  bad = 1;
  if (lead < 0x80) return 1;
  const std::size_t n = lead >= 0xc2 && lead < 0xe0   ? 2
                        : lead >= 0xe0 && lead < 0xf0 ? 3
                        : lead >= 0xf0 && lead < 0xf5 ? 4
                                                      : 0;
  if (n == 0) return 0;
  const std::uint8_t low = lead == 0xe0 ? 0xa0 : lead == 0xf0 ? 0x90 : 0x80;
  const std::uint8_t high = lead == 0xed ? 0x9f : lead == 0xf4 ? 0x8f : 0xbf;
  for (std::size_t i = 1; i < n; ++i) {
    const bool good = i < s.size() && byte(i) >= (i == 1 ? low : 0x80) && byte(i) <= (i == 1 ? high : 0xbf);
    if (!good) return bad = i, 0;
  }
  return n;
}

inline bool is_utf8(std::string_view s) noexcept {
  while (!s.empty()) {
    std::uint64_t eight = 0;
    if (s.size() >= 8) {
      std::memcpy(&eight, s.data(), 8);
      if ((eight & 0x8080808080808080u) == 0) {
        s.remove_prefix(8);
        continue;
      }
    }
    std::size_t bad = 0;
    const std::size_t n = utf8_sequence(s, bad);
    if (n == 0) return false;
    s.remove_prefix(n);
  }
  return true;
}

/// `s` with U+FFFD for each error.
inline void mend_utf8(std::string_view s, std::string& out) {
  out.clear();
  while (!s.empty()) {
    std::size_t bad = 0;
    const std::size_t n = utf8_sequence(s, bad);
    if (n > 0) {
      out.append(s.substr(0, n));
    } else {
      out += "\xef\xbf\xbd";
    }
    s.remove_prefix(n > 0 ? n : bad);
  }
}

}  // namespace gale::stock
