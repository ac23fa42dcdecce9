// SPDX-License-Identifier: Apache-2.0
//
// Reads msgpack in place, lazily and without a tree. Every byte is checked against the end, so a mutated tuple is a
// wrong value or a refusal, never a crash; nesting costs no stack in skip(), and 32 levels at most in a Value.
#pragma once

#include "gale/value.hpp"

#include <bit>
#include <concepts>
#include <cstdint>
#include <cstring>
#include <limits>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <type_traits>
#include <utility>
#include <vector>

namespace gale::codec {

enum class Read : std::uint8_t { kOk, kWrongType, kOutOfRange, kMalformed };

inline constexpr int kMaxDepth = 32;

class Cursor {
 public:
  Cursor(const std::uint8_t* at, const std::uint8_t* end) noexcept : at_(at), end_(end) {}
  explicit Cursor(std::string_view bytes) noexcept
      : at_(reinterpret_cast<const std::uint8_t*>(bytes.data())), end_(at_ + bytes.size()) {}

  [[nodiscard]] const std::uint8_t* at() const noexcept { return at_; }
  [[nodiscard]] std::size_t left() const noexcept { return static_cast<std::size_t>(end_ - at_); }

  /// The type of the value that comes next, as error texts say it.
  [[nodiscard]] const char* type_name() const noexcept {
    if (at_ == end_) return "nothing";
    const std::uint8_t t = *at_;
    if (t < 0x80 || t >= 0xe0 || (t >= 0xcc && t <= 0xd3)) return "integer";
    if (t < 0x90 || t == 0xde || t == 0xdf) return "map";
    if (t < 0xa0 || t == 0xdc || t == 0xdd) return "array";
    if (t < 0xc0 || (t >= 0xd9 && t <= 0xdb)) return "string";
    if (t == 0xc0) return "nil";
    if (t == 0xc2 || t == 0xc3) return "bool";
    if (t >= 0xc4 && t <= 0xc6) return "bytes";
    if (t == 0xca || t == 0xcb) return "double";
    return t == 0xc1 ? "malformed" : "extension";
  }

  [[gnu::always_inline]] Read array_head(std::uint32_t& n) noexcept {
    if (__builtin_expect(at_ != end_ && (*at_ & 0xf0) == 0x90, 1)) {
      n = *at_++ & 0x0f;
      return n <= left() ? Read::kOk : Read::kMalformed;
    }
    return apart(n, [](Cursor& c, std::uint32_t& v) { return c.container_head(v, 0x90, 0xdc, 0xdd); });
  }
  Read map_head(std::uint32_t& n) noexcept { return container_head(n, 0x80, 0xde, 0xdf); }

  Read nil() noexcept {
    if (at_ == end_) return Read::kMalformed;
    if (*at_ != 0xc0) return Read::kWrongType;
    ++at_;
    return Read::kOk;
  }
  Read boolean(bool& v) noexcept {
    if (at_ == end_) return Read::kMalformed;
    if (*at_ != 0xc2 && *at_ != 0xc3) return Read::kWrongType;
    v = *at_++ == 0xc3;
    return Read::kOk;
  }

  /// Any integer: `negative` says which of the two holds it.
  [[gnu::always_inline]] Read integer(bool& negative, std::uint64_t& magnitude_or_bits) noexcept {
    if (at_ == end_) return Read::kMalformed;
    const std::uint8_t t = *at_;
    if (t < 0x80) {
      negative = false;
      magnitude_or_bits = t;
      ++at_;
      return Read::kOk;
    }
    if (t >= 0xe0) {
      negative = true;
      magnitude_or_bits = static_cast<std::uint64_t>(std::int64_t{static_cast<std::int8_t>(t)});
      ++at_;
      return Read::kOk;
    }
    return wide_integer(t, negative, magnitude_or_bits);
  }

  /// An integer of whatever encoding as a T; what does not fit is left where it is. A branch for each encoding, so that
  /// no width is computed and most checks of the range fall away (39 instructions before, 15 now).
  template <class T>
  [[gnu::always_inline]] Read integer_as(T& v) noexcept {
    if (at_ == end_) return Read::kMalformed;
    const std::uint8_t t = *at_;
    if (t < 0x80) {
      v = static_cast<T>(t);
      ++at_;
      return Read::kOk;
    }
    if (__builtin_expect(t == 0xce, 1)) return fitting<std::uint32_t>(v);
    if (t == 0xcd) return fitting<std::uint16_t>(v);
    if (t == 0xcc) return fitting<std::uint8_t>(v);
    if (t == 0xcf) return fitting<std::uint64_t>(v);
    return apart(v, [t](Cursor& c, T& value) { return c.negative_as(t, value); });
  }

  Read floating(double& v) noexcept {
    if (at_ == end_) return Read::kMalformed;
    if (*at_ == 0xcb) {
      std::uint64_t bits = 0;
      if (!take(bits)) return Read::kMalformed;
      v = std::bit_cast<double>(bits);
      return Read::kOk;
    }
    if (*at_ == 0xca) {
      std::uint32_t bits = 0;
      if (!take(bits)) return Read::kMalformed;
      v = std::bit_cast<float>(bits);
      return Read::kOk;
    }
    return Read::kWrongType;
  }

  [[gnu::always_inline]] Read string(std::string_view& v) noexcept {
    if (at_ == end_) return Read::kMalformed;
    const std::uint8_t t = *at_;
    if (__builtin_expect((t & 0xe0) == 0xa0, 1)) {
      ++at_;
      return span(t & 0x1f, v);
    }
    return apart(v, [t](Cursor& c, std::string_view& s) { return c.long_string(t, s); });
  }
  Read bytes(std::string_view& v) noexcept {
    if (at_ == end_) return Read::kMalformed;
    if (*at_ == 0xc4) return sized<std::uint8_t>(v);
    if (*at_ == 0xc5) return sized<std::uint16_t>(v);
    if (*at_ == 0xc6) return sized<std::uint32_t>(v);
    return Read::kWrongType;
  }

  /// Passes over one value and all within it. Counts instead of recursing: depth costs nothing.
  Read skip() noexcept {
    for (std::uint64_t open = 1; open > 0; --open) {
      if (at_ == end_ || open > left()) return Read::kMalformed;
      const std::uint8_t t = *at_;
      std::uint32_t n = 0;
      std::string_view s;
      if (t < 0x80 || t >= 0xe0 || t == 0xc0 || t == 0xc2 || t == 0xc3) {
        ++at_;
      } else if ((t & 0xe0) == 0xa0 || (t >= 0xd9 && t <= 0xdb)) {
        if (string(s) != Read::kOk) return Read::kMalformed;
      } else if (t < 0x90 || t == 0xde || t == 0xdf) {
        if (map_head(n) != Read::kOk) return Read::kMalformed;
        open += 2 * std::uint64_t{n};
      } else if (t < 0xa0 || t == 0xdc || t == 0xdd) {
        if (array_head(n) != Read::kOk) return Read::kMalformed;
        open += n;
      } else if (!skip_rare(t)) {
        return Read::kMalformed;
      }
    }
    return Read::kOk;
  }

 private:
  /// A rare way, on copies: what is passed by address lives in memory, and the usual way wants registers.
  template <class V, class F>
  [[gnu::always_inline]] Read apart(V& v, F&& f) noexcept {
    Cursor c = *this;
    V value{};
    const Read r = f(c, value);
    if (r == Read::kOk) {
      *this = c;
      v = value;
    }
    return r;
  }
  template <class T>
  [[gnu::noinline]] Read negative_as(std::uint8_t t, T& v) noexcept {
    if (t >= 0xe0) {
      if constexpr (!std::is_signed_v<T>) return Read::kOutOfRange;
      v = static_cast<T>(static_cast<std::int8_t>(t));
      ++at_;
      return Read::kOk;
    }
    if (t == 0xd0) return fitting<std::int8_t>(v);
    if (t == 0xd1) return fitting<std::int16_t>(v);
    if (t == 0xd2) return fitting<std::int32_t>(v);
    if (t == 0xd3) return fitting<std::int64_t>(v);
    return Read::kWrongType;
  }
  /// The Int behind a tag, where it fits into a T.
  template <class Int, class T>
  [[gnu::always_inline]] Read fitting(T& v) noexcept {
    if (__builtin_expect(left() < 1 + sizeof(Int), 0)) return Read::kMalformed;
    const auto raw = static_cast<Int>(big_endian(sizeof(Int)));
    if (!std::in_range<T>(raw)) return Read::kOutOfRange;
    v = static_cast<T>(raw);
    at_ += 1 + sizeof(Int);
    return Read::kOk;
  }
  template <class Int>
  bool take(Int& v) noexcept {  // a tag byte, then a big-endian integer
    if (left() < 1 + sizeof(Int)) return false;
    if constexpr (sizeof(Int) == 1) {
      v = at_[1];
    } else {
      std::memcpy(&v, at_ + 1, sizeof(Int));
      if constexpr (sizeof(Int) == 2) v = __builtin_bswap16(v);
      if constexpr (sizeof(Int) == 4) v = __builtin_bswap32(v);
      if constexpr (sizeof(Int) == 8) v = __builtin_bswap64(v);
    }
    at_ += 1 + sizeof(Int);
    return true;
  }
  [[gnu::always_inline]] Read span(std::size_t n, std::string_view& v) noexcept {
    if (left() < n) return Read::kMalformed;
    v = {reinterpret_cast<const char*>(at_), n};
    at_ += n;
    return Read::kOk;
  }
  [[gnu::noinline]] Read long_string(std::uint8_t t, std::string_view& v) noexcept {
    if (t == 0xd9) return sized<std::uint8_t>(v);
    if (t == 0xda) return sized<std::uint16_t>(v);
    if (t == 0xdb) return sized<std::uint32_t>(v);
    return Read::kWrongType;
  }
  template <class Int>
  Read sized(std::string_view& v) noexcept {
    Int n = 0;
    return take(n) ? span(n, v) : Read::kMalformed;
  }
  [[gnu::noinline]] Read container_head(std::uint32_t& n, std::uint8_t fix, std::uint8_t tag16,
                                        std::uint8_t tag32) noexcept {
    if (at_ == end_) return Read::kMalformed;
    const std::uint8_t t = *at_;
    if ((t & 0xf0) == fix) {
      n = t & 0x0f;
      ++at_;
    } else if (t == tag16) {
      std::uint16_t small = 0;
      if (!take(small)) return Read::kMalformed;
      n = small;
    } else if (t == tag32) {
      if (!take(n)) return Read::kMalformed;
    } else {
      return Read::kWrongType;
    }
    return n <= left() ? Read::kOk : Read::kMalformed;  // an element takes a byte at least
  }
  /// 0xcc..0xcf: unsigned of 1, 2, 4, 8 bytes; 0xd0..0xd3: signed.
  [[gnu::always_inline]] Read wide_integer(std::uint8_t t, bool& negative, std::uint64_t& v) noexcept {
    const auto kind = static_cast<std::uint8_t>(t - 0xcc);
    if (kind > 7) return Read::kWrongType;
    const unsigned width = 1u << (kind & 3);
    if (left() < 1 + width) return Read::kMalformed;
    v = big_endian(width);
    at_ += 1 + width;
    negative = false;
    if (kind >= 4) {
      const unsigned shift = 64 - 8 * width;
      v = static_cast<std::uint64_t>(static_cast<std::int64_t>(v << shift) >> shift);
      negative = static_cast<std::int64_t>(v) < 0;
    }
    return Read::kOk;
  }
  /// The integer behind the tag, of a width that was checked.
  [[nodiscard, gnu::always_inline]] std::uint64_t big_endian(unsigned width) const noexcept {
    if (width == 4) {
      std::uint32_t raw = 0;
      std::memcpy(&raw, at_ + 1, 4);
      return __builtin_bswap32(raw);
    }
    if (width == 8) {
      std::uint64_t raw = 0;
      std::memcpy(&raw, at_ + 1, 8);
      return __builtin_bswap64(raw);
    }
    return width == 1 ? at_[1] : std::uint64_t{at_[1]} << 8 | at_[2];
  }
  bool skip_rare(std::uint8_t t) noexcept {
    bool negative = false;
    std::uint64_t u = 0;
    double d = 0;
    std::string_view s;
    if (t >= 0xcc && t <= 0xd3) return wide_integer(t, negative, u) == Read::kOk;
    if (t == 0xca || t == 0xcb) return floating(d) == Read::kOk;
    if (t >= 0xc4 && t <= 0xc6) return bytes(s) == Read::kOk;
    return false;  // extensions and 0xc1: Gale writes none
  }

  const std::uint8_t* at_;
  const std::uint8_t* end_;
};

/// How a C++ type is read: `name` for error texts, read(cursor, value).
template <class T>
struct Unpack;

template <class T>
concept Unpackable = requires(Cursor& c, T& v) {
  { Unpack<T>::kName } -> std::convertible_to<const char*>;
  { Unpack<T>::read(c, v) } -> std::same_as<Read>;
};

template <>
struct Unpack<std::nullptr_t> {
  static constexpr const char* kName = "nil";
  static Read read(Cursor& c, std::nullptr_t&) noexcept { return c.nil(); }
};
template <>
struct Unpack<bool> {
  static constexpr const char* kName = "bool";
  static Read read(Cursor& c, bool& v) noexcept { return c.boolean(v); }
};

template <std::integral T>
struct Unpack<T> {
  static constexpr const char* kName =
      sizeof(T) == 8   ? (std::is_signed_v<T> ? "64-bit integer" : "unsigned 64-bit integer")
      : sizeof(T) == 4 ? (std::is_signed_v<T> ? "32-bit integer" : "unsigned 32-bit integer")
      : sizeof(T) == 2 ? (std::is_signed_v<T> ? "16-bit integer" : "unsigned 16-bit integer")
                       : "8-bit integer";
  [[gnu::always_inline]] static Read read(Cursor& c, T& v) noexcept { return c.integer_as(v); }
};

template <>
struct Unpack<double> {
  static constexpr const char* kName = "double";
  /// A double takes an integer that it holds exactly.
  static Read read(Cursor& c, double& v) noexcept {
    if (const Read r = c.floating(v); r != Read::kWrongType) return r;
    const Cursor before = c;
    bool negative = false;
    std::uint64_t raw = 0;
    if (const Read r = c.integer(negative, raw); r != Read::kOk) return r;
    v = negative ? static_cast<double>(static_cast<std::int64_t>(raw)) : static_cast<double>(raw);
    const bool exact = negative ? static_cast<std::int64_t>(v) == static_cast<std::int64_t>(raw)
                                : v < 18446744073709551616.0 && static_cast<std::uint64_t>(v) == raw;
    if (exact) return Read::kOk;
    c = before;
    return Read::kOutOfRange;
  }
};

template <>
struct Unpack<std::string_view> {
  static constexpr const char* kName = "string";
  [[gnu::always_inline]] static Read read(Cursor& c, std::string_view& v) noexcept { return c.string(v); }
};
template <>
struct Unpack<std::string> {
  static constexpr const char* kName = "string";
  static Read read(Cursor& c, std::string& v) {
    std::string_view s;
    const Read r = c.string(s);
    if (r == Read::kOk) v.assign(s);
    return r;
  }
};
template <>
struct Unpack<BytesView> {
  static constexpr const char* kName = "bytes";
  static Read read(Cursor& c, BytesView& v) noexcept { return c.bytes(v.data); }
};
template <>
struct Unpack<Bytes> {
  static constexpr const char* kName = "bytes";
  static Read read(Cursor& c, Bytes& v) {
    std::string_view s;
    const Read r = c.bytes(s);
    if (r == Read::kOk) v.data.assign(s);
    return r;
  }
};

template <class T>
struct Unpack<std::optional<T>> {
  static constexpr const char* kName = Unpack<T>::kName;
  static Read read(Cursor& c, std::optional<T>& v) {
    if (c.nil() == Read::kOk) {
      v.reset();
      return Read::kOk;
    }
    return Unpack<T>::read(c, v.emplace());
  }
};

template <class T>
struct Unpack<std::vector<T>> {
  static constexpr const char* kName = "array";
  static Read read(Cursor& c, std::vector<T>& v) {
    std::uint32_t n = 0;
    if (const Read r = c.array_head(n); r != Read::kOk) return r;
    v.clear();
    for (std::uint32_t i = 0; i < n; ++i) {
      T element{};
      if (const Read r = Unpack<T>::read(c, element); r != Read::kOk) return r;
      v.push_back(std::move(element));
    }
    return Read::kOk;
  }
};

template <class T, class C>
struct Unpack<std::map<std::string, T, C>> {
  static constexpr const char* kName = "map";
  static Read read(Cursor& c, std::map<std::string, T, C>& v) {
    std::uint32_t n = 0;
    if (const Read r = c.map_head(n); r != Read::kOk) return r;
    v.clear();
    for (std::uint32_t i = 0; i < n; ++i) {
      std::string key;
      T mapped{};
      if (const Read r = Unpack<std::string>::read(c, key); r != Read::kOk) return r;
      if (const Read r = Unpack<T>::read(c, mapped); r != Read::kOk) return r;
      v.insert_or_assign(std::move(key), std::move(mapped));
    }
    return Read::kOk;
  }
};

template <>
struct Unpack<Value> {
  static constexpr const char* kName = "value";
  static Read read(Cursor& c, Value& v) { return read_at(c, v, 0); }

 private:
  static Read read_at(Cursor& c, Value& v, int depth) {
    if (depth > kMaxDepth || c.left() == 0) return Read::kMalformed;
    const std::uint8_t t = *c.at();
    if ((t & 0xf0) == 0x90 || t == 0xdc || t == 0xdd) return read_array(c, v, depth);
    if ((t & 0xf0) == 0x80 || t == 0xde || t == 0xdf) return read_map(c, v, depth);
    return read_scalar(c, v);
  }
  static Read read_scalar(Cursor& c, Value& v) {
    bool flag = false;
    std::uint64_t raw = 0;
    double d = 0;
    std::string_view s;
    if (c.nil() == Read::kOk) return v = Value(nullptr), Read::kOk;
    if (c.boolean(flag) == Read::kOk) return v = Value(flag), Read::kOk;
    if (const Read r = c.integer(flag, raw); r != Read::kWrongType) {
      v = flag ? Value(static_cast<long long>(raw)) : Value(static_cast<unsigned long long>(raw));
      return r;
    }
    if (const Read r = c.floating(d); r != Read::kWrongType) return v = Value(d), r;
    if (const Read r = c.string(s); r != Read::kWrongType) return v = Value(s), r;
    if (const Read r = c.bytes(s); r != Read::kWrongType) return v = Value(Bytes{std::string(s)}), r;
    return Read::kMalformed;
  }
  static Read read_array(Cursor& c, Value& v, int depth) {
    std::uint32_t n = 0;
    if (const Read r = c.array_head(n); r != Read::kOk) return r;
    Value::Array array;
    for (std::uint32_t i = 0; i < n; ++i) {
      if (const Read r = read_at(c, array.emplace_back(), depth + 1); r != Read::kOk) return r;
    }
    v = Value(std::move(array));
    return Read::kOk;
  }
  static Read read_map(Cursor& c, Value& v, int depth) {
    std::uint32_t n = 0;
    if (const Read r = c.map_head(n); r != Read::kOk) return r;
    Value::Map map;
    for (std::uint32_t i = 0; i < n; ++i) {
      std::string key;
      if (const Read r = Unpack<std::string>::read(c, key); r != Read::kOk) return r;
      if (const Read r = read_at(c, map[key], depth + 1); r != Read::kOk) return r;
    }
    v = Value(std::move(map));
    return Read::kOk;
  }
};

}  // namespace gale::codec
