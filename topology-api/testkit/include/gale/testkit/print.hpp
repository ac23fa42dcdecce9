// SPDX-License-Identifier: Apache-2.0
//
// Rows of values, and how they are shown when a check fails: as one would write them in a test. The operators stand in
// namespace gale, where doctest, gtest and Catch2 find them for Value and for vectors of it.
#pragma once

#include "gale/value.hpp"

#include <charconv>
#include <cstddef>
#include <ostream>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

namespace gale::testkit {

/// Rows{{"a", 1}, {"b", 2}}: the values of tuples, by position.
using Rows = std::vector<Value::Array>;

namespace detail {

inline constexpr std::size_t kMostShown = 200;  // characters of one text

inline void put_quoted(std::string& into, std::string_view text) {
  static constexpr char kHex[] = "0123456789abcdef";
  into += '"';
  for (const char c : text.substr(0, kMostShown)) {
    const auto byte = static_cast<unsigned char>(c);
    if (c == '"' || c == '\\') {
      (into += '\\') += c;
    } else if (c == '\n') {
      into += "\\n";
    } else if (c == '\t') {
      into += "\\t";
    } else if (byte < 0x20 || byte == 0x7f) {
      ((into += "\\x") += kHex[byte >> 4]) += kHex[byte & 15];
    } else {
      into += c;
    }
  }
  into += '"';
  if (text.size() > kMostShown) into += "... (" + std::to_string(text.size()) + " bytes)";
}

inline void put(std::string& into, const Value& value);

struct Putter {
  std::string& into;
  void operator()(std::nullptr_t) const { into += "nil"; }
  void operator()(bool b) const { into += b ? "true" : "false"; }
  void operator()(std::int64_t i) const { into += std::to_string(i); }
  void operator()(std::uint64_t u) const { into += std::to_string(u); }
  void operator()(double d) const {
    char digits[32];
    const auto [end, error] = std::to_chars(digits, digits + sizeof digits, d);
    const std::string_view text(digits, static_cast<std::size_t>(end - digits));
    into += text;
    if (text.find_first_not_of("-0123456789") == std::string_view::npos) into += ".0";  // 1 is an integer
  }
  void operator()(const std::string& s) const { put_quoted(into, s); }
  void operator()(const Bytes& b) const {
    into += "bytes ";
    put_quoted(into, b.data);
  }
  void operator()(const Value::Array& array) const {
    const char* between = "[";
    for (const Value& one : array) {
      into += between;
      put(into, one);
      between = ", ";
    }
    into += array.empty() ? "[]" : "]";
  }
  void operator()(const Value::Map& map) const {
    const char* between = "{";
    for (const auto& [key, one] : map) {
      into += between;
      put_quoted(into, key);
      into += ": ";
      put(into, one);
      between = ", ";
    }
    into += map.empty() ? "{}" : "}";
  }
};

inline void put(std::string& into, const Value& value) { std::visit(Putter{into}, value.variant()); }

/// {a, b}: what `text_of_one` says of each.
template <class All, class F>
std::string listed(const All& all, F text_of_one) {
  std::string text = "{";
  for (const auto& one : all) {
    if (text.size() > 1) text += ", ";
    text += text_of_one(one);
  }
  return text + "}";
}

}  // namespace detail

/// A value as a test would write it: "text", 1, 1.0, true, nil, bytes "..", [1, 2], {"key": 1}.
inline std::string text_of(const Value& value) {
  std::string text;
  detail::put(text, value);
  return text;
}
/// The values of a tuple: {"a", 1}.
inline std::string text_of(const Value::Array& row) {
  return detail::listed(row, [](const Value& one) { return text_of(one); });
}
inline std::string text_of(const Rows& rows) {
  return detail::listed(rows, [](const Value::Array& row) { return text_of(row); });
}

}  // namespace gale::testkit

namespace gale {

inline std::ostream& operator<<(std::ostream& out, const Value& value) { return out << testkit::text_of(value); }
inline std::ostream& operator<<(std::ostream& out, const Value::Array& row) { return out << testkit::text_of(row); }
inline std::ostream& operator<<(std::ostream& out, const testkit::Rows& rows) { return out << testkit::text_of(rows); }

}  // namespace gale
