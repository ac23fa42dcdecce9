// SPDX-License-Identifier: Apache-2.0
#include "supervisor/master/digest.hpp"

#include "engine/base/assert.hpp"

#include <sodium/crypto_generichash.h>
#include <sodium/crypto_hash_sha256.h>

#include <algorithm>
#include <new>

namespace gale::master {
namespace {

const unsigned char* bytes_of(std::string_view text) { return reinterpret_cast<const unsigned char*>(text.data()); }

crypto_hash_sha256_state* of(std::array<unsigned char, 128>& state) {
  static_assert(sizeof(crypto_hash_sha256_state) <= sizeof state && alignof(crypto_hash_sha256_state) <= 8);
  return std::launder(reinterpret_cast<crypto_hash_sha256_state*>(state.data()));
}

}  // namespace

Sha256::Sha256() : state_{} {
  new (state_.data()) crypto_hash_sha256_state;
  crypto_hash_sha256_init(of(state_));
}

void Sha256::add(std::string_view bytes) { crypto_hash_sha256_update(of(state_), bytes_of(bytes), bytes.size()); }

std::string Sha256::hex() {
  std::array<unsigned char, crypto_hash_sha256_BYTES> digest{};
  crypto_hash_sha256_final(of(state_), digest.data());
  std::string hex;
  for (const unsigned char b : digest) {
    hex += "0123456789abcdef"[b >> 4];
    hex += "0123456789abcdef"[b & 15];
  }
  return hex;
}

bool is_sha256(std::string_view hex) {
  return hex.size() == 64 &&
         std::all_of(hex.begin(), hex.end(), [](char c) { return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'f'); });
}

std::string sum_of(std::initializer_list<std::string_view> parts) {
  constexpr std::size_t kBytes = 16;
  crypto_generichash_state state;
  ASSERT(crypto_generichash_init(&state, nullptr, 0, kBytes) == 0, "a sum of 16 bytes is one that BLAKE2b makes");
  for (const std::string_view part : parts) {
    const std::uint64_t size = part.size();
    crypto_generichash_update(&state, reinterpret_cast<const unsigned char*>(&size), sizeof size);
    crypto_generichash_update(&state, bytes_of(part), part.size());
  }
  std::string sum(kBytes, '\0');
  crypto_generichash_final(&state, reinterpret_cast<unsigned char*>(sum.data()), kBytes);
  return sum;
}

}  // namespace gale::master
