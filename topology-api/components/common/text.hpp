// SPDX-License-Identifier: Apache-2.0
//
// Values as text, for what people and files are to read: text and bytes as they are, numbers in the shortest form that
// reads back as the same, arrays and maps as JSON. Pure.
#pragma once

#include <gale/tuple.hpp>
#include <gale/value.hpp>

#include <charconv>
#include <cmath>
#include <string>
#include <string_view>
#include <type_traits>
#include <variant>
#include <vector>

namespace gale::stock {

template <class Number>
void append_number(std::string& out, Number n) {
  char digits[64];
  const auto [end, error] = std::to_chars(digits, digits + sizeof digits, n);
  out.append(digits, end);
}

/// With JSON's escapes; bytes that are no UTF-8 stay as they are.
inline void append_quoted(std::string& out, std::string_view s) {
  static constexpr char kHex[] = "0123456789abcdef";
  out += '"';
  for (const char c : s) {
    if (c == '"' || c == '\\') {
      out += '\\';
      out += c;
    } else if (c == '\n') {
      out += "\\n";
    } else if (c == '\t') {
      out += "\\t";
    } else if (c == '\r') {
      out += "\\r";
    } else if (static_cast<unsigned char>(c) < 0x20) {
      out += "\\u00";
      out += kHex[(c >> 4) & 15];
      out += kHex[c & 15];
    } else {
      out += c;
    }
  }
  out += '"';
}

inline void append_json(std::string& out, const Value& value);

struct JsonAppender {
  std::string& out;
  void operator()(std::nullptr_t) const { out += "null"; }
  void operator()(bool b) const { out += b ? "true" : "false"; }
  void operator()(std::int64_t i) const { append_number(out, i); }
  void operator()(std::uint64_t u) const { append_number(out, u); }
  void operator()(double d) const {
    if (std::isfinite(d)) {
      append_number(out, d);
    } else {
      out += "null";  // JSON has no other
    }
  }
  void operator()(const std::string& s) const { append_quoted(out, s); }
  void operator()(const Bytes& b) const { append_quoted(out, b.data); }
  void operator()(const Value::Array& array) const {
    out += '[';
    for (const Value& v : array) {
      if (&v != array.data()) out += ',';
      append_json(out, v);
    }
    out += ']';
  }
  void operator()(const Value::Map& map) const {
    out += '{';
    bool first = true;
    for (const auto& [key, v] : map) {
      if (!first) out += ',';
      first = false;
      append_quoted(out, key);
      out += ':';
      append_json(out, v);
    }
    out += '}';
  }
};
inline void append_json(std::string& out, const Value& value) { std::visit(JsonAppender{out}, value.variant()); }

/// As a cell of a line: text without quotes, nil as nothing.
inline void append_text(std::string& out, const Value& value) {
  if (const auto* s = value.get_if<std::string>()) {
    out += *s;
  } else if (const auto* b = value.get_if<Bytes>()) {
    out += b->data;
  } else if (const auto* d = value.get_if<double>()) {
    append_number(out, *d);  // with nan and inf
  } else if (!value.is<std::nullptr_t>()) {
    append_json(out, value);
  }
}

/// A newline, tab, carriage return or backslash would break a line of cells: as \n, \t, \r, \\.
inline void append_escaped(std::string& out, std::string_view cell) {
  for (const char c : cell) {
    switch (c) {
      case '\n':
        out += "\\n";
        break;
      case '\t':
        out += "\\t";
        break;
      case '\r':
        out += "\\r";
        break;
      case '\\':
        out += "\\\\";
        break;
      default:
        out += c;
    }
  }
}

}  // namespace gale::stock
