// SPDX-License-Identifier: Apache-2.0
#include "engine/base/sha256.hpp"

#include <sodium.h>

#include <algorithm>

namespace gale {

using State = crypto_hash_sha256_state;

Sha256::Sha256() {
  static_assert(sizeof(State) <= sizeof state_ && alignof(State) <= 16);
  crypto_hash_sha256_init(reinterpret_cast<State*>(state_));
}

void Sha256::add(std::string_view bytes) {
  crypto_hash_sha256_update(reinterpret_cast<State*>(state_), reinterpret_cast<const unsigned char*>(bytes.data()),
                            bytes.size());
}

std::string Sha256::hex() {
  unsigned char digest[crypto_hash_sha256_BYTES];
  crypto_hash_sha256_final(reinterpret_cast<State*>(state_), digest);
  std::string text;
  for (const unsigned char b : digest) {
    text += "0123456789abcdef"[b >> 4];
    text += "0123456789abcdef"[b & 15];
  }
  return text;
}

std::string sha256_hex(std::string_view bytes) {
  Sha256 sum;
  sum.add(bytes);
  return sum.hex();
}

bool is_sha256(std::string_view text) {
  const auto digit = [](char c) { return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'f'); };
  return text.size() == 64 && std::all_of(text.begin(), text.end(), digit);
}

}  // namespace gale
