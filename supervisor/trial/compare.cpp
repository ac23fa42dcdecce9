// SPDX-License-Identifier: Apache-2.0
#include "supervisor/trial/compare.hpp"

#include <gale/testkit/print.hpp>

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <functional>
#include <optional>
#include <unordered_map>
#include <utility>

namespace gale::trial {
namespace {

std::optional<double> number_in(const Value& value) {
  if (const auto* i = value.get_if<std::int64_t>()) return static_cast<double>(*i);
  if (const auto* u = value.get_if<std::uint64_t>()) return static_cast<double>(*u);
  if (const auto* d = value.get_if<double>()) return *d;
  return std::nullopt;
}

bool same(const Value& a, const Value& b) {
  if (a == b) return true;
  if (a.is<double>() || b.is<double>()) {
    const auto x = number_in(a), y = number_in(b);
    if (!x || !y) return false;
    return std::abs(*x - *y) <= 1e-9 * std::max(std::abs(*x), std::abs(*y)) || (std::isnan(*x) && std::isnan(*y));
  }
  if (const auto* x = a.get_if<Value::Array>()) {
    const auto* y = b.get_if<Value::Array>();
    return y != nullptr && std::equal(x->begin(), x->end(), y->begin(), y->end(), same);
  }
  if (const auto* x = a.get_if<Value::Map>()) {
    const auto* y = b.get_if<Value::Map>();
    return y != nullptr && std::equal(x->begin(), x->end(), y->begin(), y->end(), [](const auto& p, const auto& q) {
             return p.first == q.first && same(p.second, q.second);
           });
  }
  return false;
}

std::string text_of(const WantedRow& row) {
  std::string text = "[";
  for (const auto& value : row.values) {
    if (text.size() > 1) text += ", ";
    text += value ? testkit::text_of(*value) : "_";
  }
  return text + "]";
}

using Fits = std::function<bool(std::size_t wanted, std::size_t seen)>;
using Pairs = std::vector<std::optional<std::size_t>>;  // of each wanted one: the seen one that it is

/// The most that can be matched with the order kept: the longest common subsequence.
Pairs pair_in_order(std::size_t wanted, std::size_t seen, const Fits& fits) {
  std::vector<std::vector<std::uint32_t>> best(wanted + 1, std::vector<std::uint32_t>(seen + 1, 0));
  for (std::size_t i = wanted; i-- > 0;) {
    for (std::size_t j = seen; j-- > 0;)
      best[i][j] = fits(i, j) ? best[i + 1][j + 1] + 1 : std::max(best[i + 1][j], best[i][j + 1]);
  }
  Pairs pairs(wanted);
  for (std::size_t i = 0, j = 0; i < wanted && j < seen;) {
    if (fits(i, j) && best[i][j] == best[i + 1][j + 1] + 1) {
      pairs[i++] = j++;
    } else if (best[i + 1][j] >= best[i][j + 1]) {
      ++i;
    } else {
      ++j;
    }
  }
  return pairs;
}

/// Rows that are written alike: whichever is taken, nothing is taken from another.
Pairs pair_same_texts(const std::vector<WantedRow>& wanted, const std::vector<Value::Array>& seen) {
  std::unordered_map<std::string, std::vector<std::size_t>> by_text;
  for (std::size_t j = seen.size(); j-- > 0;) by_text[testkit::text_of(Value(seen[j]))].push_back(j);
  Pairs pairs(wanted.size());
  for (std::size_t i = 0; i < wanted.size(); ++i) {
    if (std::any_of(wanted[i].values.begin(), wanted[i].values.end(), [](const auto& v) { return !v; })) continue;
    const auto alike = by_text.find(text_of(wanted[i]));
    if (alike == by_text.end() || alike->second.empty()) continue;
    pairs[i] = alike->second.back();
    alike->second.pop_back();
  }
  return pairs;
}

/// The most that can be matched in any order, of those that have no pair: a row with anything in it may have to leave
/// its first match to another (Kuhn's augmenting paths).
void pair_in_any_order(Pairs& of_wanted, std::size_t seen, const Fits& fits) {
  Pairs of_seen(seen);
  std::vector<bool> given(seen, false);
  for (const auto& pair : of_wanted) {
    if (pair) given[*pair] = true;
  }
  std::vector<bool> visited;
  const std::function<bool(std::size_t)> place = [&](std::size_t i) {
    for (std::size_t j = 0; j < seen; ++j) {
      if (given[j] || visited[j] || !fits(i, j)) continue;
      visited[j] = true;
      if (of_seen[j] && !place(*of_seen[j])) continue;
      of_seen[j] = i;
      of_wanted[i] = j;
      return true;
    }
    return false;
  };
  for (std::size_t i = 0; i < of_wanted.size(); ++i) {
    if (of_wanted[i]) continue;
    visited.assign(seen, false);
    place(i);
  }
}

constexpr std::size_t kMostLines = 60, kMostCells = 4'000'000;

std::vector<std::string> lines_of(const Pairs& pairs, std::size_t seen,
                                  const std::function<std::string(std::size_t)>& wanted_text,
                                  const std::function<std::string(std::size_t)>& seen_text, bool exact) {
  std::vector<bool> taken(seen, false);
  for (const auto& pair : pairs) {
    if (pair) taken[*pair] = true;
  }
  const auto matched = static_cast<std::size_t>(std::count(taken.begin(), taken.end(), true));
  if (matched == pairs.size() && matched == seen) return {};
  std::vector<std::string> lines;
  std::size_t next = 0;  // what came before a match is told before it
  const auto tell_seen = [&](std::size_t until) {
    for (; next < until; ++next) {
      if (!taken[next]) lines.push_back("+ " + seen_text(next));
    }
  };
  for (std::size_t i = 0; i < pairs.size(); ++i) {
    if (pairs[i] && exact) tell_seen(*pairs[i]);
    lines.push_back((pairs[i] ? "  " : "- ") + wanted_text(i));
  }
  tell_seen(seen);
  if (lines.size() > kMostLines) {
    const std::size_t more = lines.size() - kMostLines;
    lines.resize(kMostLines);
    lines.push_back("... and " + std::to_string(more) + " lines more");
  }
  return lines;
}

}  // namespace

std::string count_of(std::size_t n, const char* what) { return std::to_string(n) + " " + what + (n == 1 ? "" : "s"); }

std::string emitted_text(const std::string& stream, std::size_t seen, std::size_t wanted) {
  return stream + " emitted " + count_of(seen, "tuple") +
         (seen == wanted ? ", but others than are wanted" : ", wanted are " + std::to_string(wanted));
}

bool matches(const WantedRow& wanted, const Value::Array& seen) {
  return std::equal(wanted.values.begin(), wanted.values.end(), seen.begin(), seen.end(),
                    [](const std::optional<Value>& w, const Value& s) { return !w || same(*w, s); });
}

std::vector<std::string> differences(const std::vector<WantedRow>& wanted, const std::vector<Value::Array>& seen,
                                     bool exact) {
  const Fits fits = [&](std::size_t i, std::size_t j) { return matches(wanted[i], seen[j]); };
  const auto wanted_text = [&](std::size_t i) { return text_of(wanted[i]); };
  const auto seen_text = [&](std::size_t j) { return testkit::text_of(Value(seen[j])); };
  if (!exact) {
    Pairs pairs = pair_same_texts(wanted, seen);
    pair_in_any_order(pairs, seen.size(), fits);
    return lines_of(pairs, seen.size(), wanted_text, seen_text, exact);
  }
  // What is the same at both ends needs no table.
  const std::size_t shorter = std::min(wanted.size(), seen.size());
  std::size_t before = 0, after = 0;
  while (before < shorter && fits(before, before)) ++before;
  while (after < shorter - before && fits(wanted.size() - 1 - after, seen.size() - 1 - after)) ++after;
  const std::size_t w = wanted.size() - before - after, s = seen.size() - before - after;
  Pairs pairs(wanted.size());
  for (std::size_t i = 0; i < before; ++i) pairs[i] = i;
  for (std::size_t i = 1; i <= after; ++i) pairs[wanted.size() - i] = seen.size() - i;
  if (w * s <= kMostCells) {
    const Pairs middle =
        pair_in_order(w, s, [&](std::size_t i, std::size_t j) { return fits(before + i, before + j); });
    for (std::size_t i = 0; i < w; ++i) {
      if (middle[i]) pairs[before + i] = before + *middle[i];
    }
  }
  return lines_of(pairs, seen.size(), wanted_text, seen_text, exact);
}

std::vector<std::string> reason_differences(const std::vector<plan::Text>& wanted,
                                            const std::vector<std::string>& seen) {
  const Fits fits = [&](std::size_t i, std::size_t j) { return seen[j].find(wanted[i].value) != std::string::npos; };
  Pairs pairs(wanted.size());
  pair_in_any_order(pairs, seen.size(), fits);
  return lines_of(
      pairs, seen.size(), [&](std::size_t i) { return wanted[i].value; }, [&](std::size_t j) { return seen[j]; },
      false);
}

}  // namespace gale::trial
