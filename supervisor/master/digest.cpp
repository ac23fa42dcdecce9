// SPDX-License-Identifier: Apache-2.0
#include "supervisor/master/digest.hpp"

#include "engine/base/assert.hpp"

#include <sodium/crypto_generichash.h>

namespace gale::master {
namespace {

const unsigned char* bytes_of(std::string_view text) { return reinterpret_cast<const unsigned char*>(text.data()); }

}  // namespace

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
