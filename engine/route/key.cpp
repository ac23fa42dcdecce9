// SPDX-License-Identifier: Apache-2.0
#include "engine/route/key.hpp"

#define XXH_INLINE_ALL
#include <xxhash.h>

#include "gale/codec/read.hpp"

#include <bit>
#include <cmath>

namespace gale::route {
namespace {

using codec::Cursor;
using codec::Read;

enum Tag : std::uint64_t { kNil = 1, kFalse, kTrue, kInteger, kNegative, kDouble, kString, kBytes };

std::uint64_t mix(std::uint64_t seed, std::uint64_t tag, const void* data, std::size_t size) noexcept {
  return XXH3_64bits_withSeed(data, size, seed + tag * 0x9e3779b97f4a7c15ull);
}

double canonical(double d) noexcept {
  if (std::isnan(d)) return std::bit_cast<double>(0x7ff8000000000000ull);
  return d == 0 ? 0.0 : d;
}

/// Folds one value into `hash`; false when it cannot be a key.
bool fold(Cursor& c, std::uint64_t& hash) noexcept {
  std::string_view s;
  bool flag = false;
  std::uint64_t bits = 0;
  double d = 0;
  Read r = c.string(s);
  if (r == Read::kOk) return hash = mix(hash, kString, s.data(), s.size()), true;
  if (r == Read::kWrongType && (r = c.integer(flag, bits)) == Read::kOk) {
    return hash = mix(hash, flag ? kNegative : kInteger, &bits, sizeof bits), true;
  }
  if (r == Read::kWrongType && (r = c.floating(d)) == Read::kOk) {
    d = canonical(d);
    return hash = mix(hash, kDouble, &d, sizeof d), true;
  }
  if (r == Read::kWrongType && (r = c.bytes(s)) == Read::kOk) return hash = mix(hash, kBytes, s.data(), s.size()), true;
  if (r != Read::kWrongType) return false;  // malformed: where the cursor stands now means nothing
  if (c.boolean(flag) == Read::kOk) return hash = mix(hash, flag ? kTrue : kFalse, nullptr, 0), true;
  if (c.nil() == Read::kOk) return hash = mix(hash, kNil, nullptr, 0), true;
  return false;
}

}  // namespace

std::optional<std::uint64_t> key_hash(const std::uint8_t* values, const std::uint8_t* end,
                                      std::span<const std::uint16_t> positions) noexcept {
  Cursor first(values, end);
  std::uint32_t n = 0;
  if (first.array_head(n) != Read::kOk) return std::nullopt;
  std::uint64_t hash = 0;
  Cursor c = first;
  std::uint32_t at = 0;  // the value that c stands before
  for (const std::uint16_t position : positions) {
    if (position >= n) return std::nullopt;
    if (position < at) {
      c = first;
      at = 0;
    }
    for (; at < position; ++at) {
      if (c.skip() != Read::kOk) return std::nullopt;
    }
    if (!fold(c, hash)) return std::nullopt;
    ++at;
  }
  return hash;
}

}  // namespace gale::route
