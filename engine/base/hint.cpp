// SPDX-License-Identifier: Apache-2.0
#include "engine/base/hint.hpp"

#include <algorithm>

namespace gale {
namespace {

constexpr std::size_t kLongestName = 64;  // longer ones are not compared: the table grows with the square
constexpr std::size_t kLongestList = 12;

char lower(char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c; }

}  // namespace

std::size_t edit_distance(std::string_view a, std::string_view b) {
  std::vector<std::size_t> before(b.size() + 1), last(b.size() + 1), row(b.size() + 1);
  for (std::size_t j = 0; j <= b.size(); ++j) last[j] = j;
  for (std::size_t i = 1; i <= a.size(); ++i) {
    row[0] = i;
    for (std::size_t j = 1; j <= b.size(); ++j) {
      const bool same = lower(a[i - 1]) == lower(b[j - 1]);
      row[j] = std::min({last[j] + 1, row[j - 1] + 1, last[j - 1] + (same ? 0 : 1)});
      const bool swapped = i > 1 && j > 1 && lower(a[i - 1]) == lower(b[j - 2]) && lower(a[i - 2]) == lower(b[j - 1]);
      if (swapped) row[j] = std::min(row[j], before[j - 2] + 1);
    }
    std::swap(before, last);
    std::swap(last, row);
  }
  return last[b.size()];
}

std::string_view nearest(std::string_view name, const Names& known) {
  if (name.empty() || name.size() > kLongestName) return {};
  std::string_view best;
  std::size_t least = std::max<std::size_t>(1, name.size() / 3) + 1;
  for (const std::string_view candidate : known) {
    if (candidate.empty() || candidate.size() > kLongestName) continue;
    const std::size_t distance = edit_distance(name, candidate);
    if (distance < least && distance < candidate.size()) {
      least = distance;
      best = candidate;
    }
  }
  return best;
}

std::string list_of(const Names& names) {
  std::string text;
  for (std::size_t i = 0; i < names.size() && i < kLongestList; ++i)
    text += (i == 0 ? "" : ", ") + std::string(names[i]);
  if (names.size() > kLongestList) text += " and " + std::to_string(names.size() - kLongestList) + " more";
  return text;
}

std::string suggest(std::string_view name, const Names& known) {
  if (known.empty()) return "; there are none";
  const std::string_view near = nearest(name, known);
  if (!near.empty()) return " (did you mean '" + std::string(near) + "'?)";
  return "; there are: " + list_of(known);
}

}  // namespace gale
