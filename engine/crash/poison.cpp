// SPDX-License-Identifier: Apache-2.0
#include "engine/crash/poison.hpp"

#include "engine/crash/legend.hpp"

#include <algorithm>
#include <charconv>
#include <cstdio>

namespace gale::crash {
namespace {

template <class Int>
bool read(std::string_view text, Int& into, int base) {
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), into, base);
  return error == std::errc() && end == text.data() + text.size() && !text.empty();
}

/// As it may stand in a field of a line.
std::string plain(std::string_view text) {
  std::string one(text.substr(0, 200));
  std::replace_if(
      one.begin(), one.end(), [](char c) { return static_cast<unsigned char>(c) < ' '; }, ' ');
  return one;
}

}  // namespace

unsigned Suspects::crashed(const Suspect& suspect, std::string_view shown) {
  if (all_.size() >= kMost && all_.count(suspect) == 0) make_room();
  Known& known = all_[suspect];
  known.shown = plain(shown);
  return ++known.crashes;
}

void Suspects::doubt(const Suspect& suspect, std::string_view shown) {
  if (all_.count(suspect) == 0) crashed(suspect, shown);
}

void Suspects::make_room() {
  const auto least = std::min_element(all_.begin(), all_.end(),
                                      [](const auto& a, const auto& b) { return a.second.crashes < b.second.crashes; });
  if (least->second.crashes < kCrashes) all_.erase(least);  // poison is never forgotten
}

std::string Suspects::to_text() const {
  std::string text;
  for (const std::string& component : alone_) text += "alone\t" + component + "\n";
  for (const auto& [suspect, known] : all_) {
    char hash[24];
    std::snprintf(hash, sizeof hash, "%016llx", static_cast<unsigned long long>(suspect.hash));
    text += "crashed\t" + std::to_string(known.crashes) + "\t" + hash + "\t" + suspect.component + "\t" + suspect.from +
            "\t" + known.shown + "\n";
  }
  return text;
}

Suspects Suspects::from_text(std::string_view text) {
  Suspects suspects;
  while (!text.empty()) {
    const std::string_view line = text.substr(0, text.find('\n'));
    text.remove_prefix(std::min(text.size(), line.size() + 1));
    if (part(line, '\t', 0) == "alone") suspects.alone_.emplace(part(line, '\t', 1));
    if (part(line, '\t', 0) != "crashed") continue;
    Suspect one{std::string(part(line, '\t', 3)), std::string(part(line, '\t', 4)), 0};
    Known known{0, std::string(part(line, '\t', 5))};
    if (!read(part(line, '\t', 1), known.crashes, 10) || !read(part(line, '\t', 2), one.hash, 16)) continue;
    if (suspects.all_.size() < kMost) suspects.all_[one] = known;
  }
  return suspects;
}

}  // namespace gale::crash
