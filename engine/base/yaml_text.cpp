// SPDX-License-Identifier: Apache-2.0
#include "engine/base/yaml_text.hpp"

#include <algorithm>
#include <charconv>
#include <limits>

namespace gale::yaml {
namespace {

template <class T, class... How>
std::optional<T> number(std::string_view text, How... how) {
  T value{};
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value, how...);
  if (error != std::errc{} || end != text.data() + text.size()) return std::nullopt;
  return value;
}

bool all_digits(std::string_view text) {
  return !text.empty() && std::all_of(text.begin(), text.end(), [](char c) { return c >= '0' && c <= '9'; });
}

bool is_any(std::string_view text, std::initializer_list<std::string_view> words) {
  return std::find(words.begin(), words.end(), text) != words.end();
}

/// Without its sign, an integer's size; nothing when the text is none, or beyond 64 bits.
std::optional<std::uint64_t> magnitude(std::string_view text) {
  if (text.starts_with("0x")) return number<std::uint64_t>(text.substr(2), 16);
  if (text.starts_with("0o")) return number<std::uint64_t>(text.substr(2), 8);
  const bool has_sign = text.starts_with('+') || text.starts_with('-');
  if (has_sign) text.remove_prefix(1);
  return all_digits(text) ? number<std::uint64_t>(text) : std::nullopt;
}

std::optional<std::int64_t> as_signed(std::string_view text) {
  const auto size = magnitude(text);
  if (!size) return std::nullopt;
  constexpr auto kMost = static_cast<std::uint64_t>(std::numeric_limits<std::int64_t>::max());
  if (!text.starts_with('-')) return *size <= kMost ? std::optional(static_cast<std::int64_t>(*size)) : std::nullopt;
  return *size <= kMost + 1 ? std::optional(static_cast<std::int64_t>(0 - *size)) : std::nullopt;
}

std::optional<double> as_double(std::string_view text) {
  std::string_view body = text;
  const bool negative = body.starts_with('-');
  if (negative || body.starts_with('+')) body.remove_prefix(1);
  const double sign = negative ? -1 : 1;
  if (is_any(body, {".inf", ".Inf", ".INF"})) return sign * std::numeric_limits<double>::infinity();
  if (is_any(text, {".nan", ".NaN", ".NAN"})) return std::numeric_limits<double>::quiet_NaN();
  // from_chars also reads "inf" and "nan", which are text in YAML.
  const bool begins_well = !body.empty() && ((body[0] >= '0' && body[0] <= '9') || body[0] == '.');
  const auto value = begins_well ? number<double>(body) : std::nullopt;
  return value ? std::optional(sign * *value) : std::nullopt;
}

std::size_t sequence_length(unsigned char first) {
  if (first < 0x80) return 1;
  if (first >= 0xc2 && first <= 0xdf) return 2;
  if (first >= 0xe0 && first <= 0xef) return 3;
  if (first >= 0xf0 && first <= 0xf4) return 4;
  return 0;
}

/// The length of the well-formed character at `i`; 0 when it is none.
std::size_t character_at(std::string_view text, std::size_t i) {
  const auto byte = [&](std::size_t k) { return static_cast<unsigned char>(text[k]); };
  const std::size_t length = sequence_length(byte(i));
  if (length == 0 || i + length > text.size()) return 0;
  for (std::size_t k = i + 1; k < i + length; ++k) {
    if ((byte(k) & 0xc0) != 0x80) return 0;
  }
  if (byte(i) == 0xe0 && byte(i + 1) < 0xa0) return 0;  // longer than needed
  if (byte(i) == 0xed && byte(i + 1) > 0x9f) return 0;  // a surrogate
  if (byte(i) == 0xf0 && byte(i + 1) < 0x90) return 0;
  if (byte(i) == 0xf4 && byte(i + 1) > 0x8f) return 0;
  return length;
}

std::string_view line_of(std::string_view text, std::uint32_t line) {
  for (; line > 1; --line) {
    const std::size_t end = text.find('\n');
    if (end == std::string_view::npos) return {};
    text.remove_prefix(end + 1);
  }
  return text.substr(0, text.find('\n'));
}

}  // namespace

const Node* Node::find(std::string_view key) const {
  for (const Entry& entry : entries) {
    if (entry.key == key) return &entry.value;
  }
  return nullptr;
}

bool Node::is_null() const {
  return kind == Kind::kScalar && !quoted && is_any(text, {"", "~", "null", "Null", "NULL"});
}

Scalar resolve(const Node& scalar) {
  if (scalar.quoted) return scalar.text;
  if (scalar.is_null()) return nullptr;
  if (is_any(scalar.text, {"true", "True", "TRUE"})) return true;
  if (is_any(scalar.text, {"false", "False", "FALSE"})) return false;
  if (const auto integer = as_signed(scalar.text)) return *integer;
  if (const auto large = magnitude(scalar.text); large && !scalar.text.starts_with('-')) return *large;
  if (const auto real = as_double(scalar.text)) return *real;
  return scalar.text;
}

const char* what(const Node& node) {
  if (node.kind == Kind::kSequence) return "a list";
  if (node.kind == Kind::kMap) return "a map";
  static constexpr const char* kNames[] = {"nothing", "a bool", "an integer", "an integer", "a double", "a string"};
  return kNames[resolve(node).index()];
}

std::optional<Fault> check_encoding(std::string_view text) {
  Position at{1, 1};
  for (std::size_t i = 0; i < text.size();) {
    const std::size_t length = character_at(text, i);
    if (length == 0) return Fault{at, "not UTF-8 text"};
    const auto c = static_cast<unsigned char>(text[i]);
    if ((c < 0x20 && c != '\t' && c != '\n' && c != '\r') || c == 0x7f) {
      return Fault{at, "a control character (byte " + std::to_string(c) + ") stands here; is this a text file?"};
    }
    at = c == '\n' ? Position{at.line + 1, 1} : Position{at.line, at.column + static_cast<std::uint32_t>(length)};
    i += length;
  }
  return std::nullopt;
}

bool apply_tag(std::string_view tag, Node& scalar) {
  constexpr std::string_view kPrefix = "tag:yaml.org,2002:";
  if (!tag.starts_with(kPrefix)) return false;
  tag.remove_prefix(kPrefix.size());
  scalar.quoted = tag == "str";
  if (scalar.quoted) return true;
  const Scalar value = resolve(scalar);
  if (tag == "null") return std::holds_alternative<std::nullptr_t>(value);
  if (tag == "bool") return std::holds_alternative<bool>(value);
  const bool integer = std::holds_alternative<std::int64_t>(value) || std::holds_alternative<std::uint64_t>(value);
  if (tag == "int") return integer;
  return tag == "float" && (integer || std::holds_alternative<double>(value));
}

std::string advice_for(std::string_view text, Position at) {
  const std::string_view line = line_of(text, at.line);
  if (line.substr(0, line.find_first_not_of(" \t")).find('\t') != std::string_view::npos) {
    return " (indent with spaces, this line begins with a tab)";
  }
  if (line.find("${") != std::string_view::npos) return " (within { } or [ ], put quotes around \"${...}\")";
  return {};
}

}  // namespace gale::yaml
