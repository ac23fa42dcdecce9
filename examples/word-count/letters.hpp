// SPDX-License-Identifier: Apache-2.0
//
// What a word is: a run of ASCII letters, lower-cased. By tables, because isalpha() and tolower() ask the locale for
// every character: three times slower, and not the same answer everywhere.
#pragma once

#include <array>
#include <string>
#include <string_view>

namespace words {

/// The letter in lower case, or 0 for anything else.
inline constexpr std::array<char, 256> kLower = [] {
  std::array<char, 256> lower{};
  for (char c = 'a'; c <= 'z'; ++c) {
    lower[static_cast<unsigned char>(c)] = c;
    lower[static_cast<unsigned char>(c - 'a' + 'A')] = c;
  }
  return lower;
}();

constexpr bool is_letter(char c) noexcept { return kLower[static_cast<unsigned char>(c)] != 0; }

/// Calls fn(std::string_view) for each word of `line`; the view is valid during that call.
template <class Fn>
void for_each_word(std::string_view line, std::string& word, Fn&& fn) {
  word.clear();
  for (const char c : line) {
    if (const char lower = kLower[static_cast<unsigned char>(c)]) {
      word.push_back(lower);
    } else if (!word.empty()) {
      fn(std::string_view(word));
      word.clear();
    }
  }
  if (!word.empty()) fn(std::string_view(word));
}

}  // namespace words
