// SPDX-License-Identifier: Apache-2.0
//
// Sha256: names bytes by what they are: plugin files, records. The door to libsodium's hash. Pure.
#pragma once

#include <string>
#include <string_view>

namespace gale {

class Sha256 {
 public:
  Sha256();
  void add(std::string_view bytes);
  /// 64 hex digits. Once; nothing can be added after it.
  [[nodiscard]] std::string hex();

 private:
  alignas(16) unsigned char state_[128];
};

[[nodiscard]] std::string sha256_hex(std::string_view bytes);
/// 64 hex digits in lower case, as they may stand in a file's name.
[[nodiscard]] bool is_sha256(std::string_view text);

}  // namespace gale
