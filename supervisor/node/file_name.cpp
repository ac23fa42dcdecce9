// SPDX-License-Identifier: Apache-2.0
#include "supervisor/node/file_name.hpp"

#include <charconv>
#include <cstdio>

namespace gale::node {
namespace {

bool plain(char c) {
  return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '-' || c == '_' ||
         c == '.' || c == '+';
}

}  // namespace

std::string file_name_of(std::string_view text) {
  std::string name;
  for (const char c : text) {
    if (plain(c) && !(c == '.' && name.empty())) {
      name += c;
      continue;
    }
    char hex[4];
    std::snprintf(hex, sizeof hex, "%%%02X", static_cast<unsigned char>(c));
    name += hex;
  }
  return name;
}

std::optional<std::string> text_of_file_name(std::string_view name) {
  std::string text;
  for (std::size_t i = 0; i < name.size(); ++i) {
    if (name[i] != '%') {
      text += name[i];
      continue;
    }
    unsigned c = 0;
    if (i + 2 >= name.size() || std::from_chars(&name[i + 1], &name[i + 3], c, 16).ptr != &name[i + 3])
      return std::nullopt;
    text += static_cast<char>(c);
    i += 2;
  }
  return text;
}

}  // namespace gale::node
