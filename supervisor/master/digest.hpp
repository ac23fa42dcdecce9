// SPDX-License-Identifier: Apache-2.0
//
// Digests: SHA-256, which names a plugin, and the sum by which a stored row is known to be whole. The only door to
// libsodium on the master's side. No threads.
#pragma once

#include <array>
#include <cstdint>
#include <initializer_list>
#include <string>
#include <string_view>

namespace gale::master {

class Sha256 {
 public:
  Sha256();
  void add(std::string_view bytes);
  /// Of all that was added; the object is at its end then.
  [[nodiscard]] std::string hex();

 private:
  alignas(8) std::array<unsigned char, 128> state_;  // libsodium's own, plain bytes
};

/// 64 hex digits in lower case: the only way in which a plugin is named.
[[nodiscard]] bool is_sha256(std::string_view hex);

/// 16 bytes over the parts and where each ends (BLAKE2b). Against damage, not against people.
[[nodiscard]] std::string sum_of(std::initializer_list<std::string_view> parts);

}  // namespace gale::master
