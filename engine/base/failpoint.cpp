// SPDX-License-Identifier: Apache-2.0
#include "engine/base/failpoint.hpp"

#include <unistd.h>

#include <charconv>
#include <cstdio>
#include <cstdlib>

namespace gale::failpoint {
namespace {

const Point* find(std::string_view name) noexcept {
  for (const Point& point : kPoints) {
    if (point.name == name) return &point;
  }
  return nullptr;
}

struct Entry {
  std::string_view name, every;
};

Entry take(std::string_view& spec) noexcept {
  const std::string_view whole = spec.substr(0, spec.find(','));
  spec.remove_prefix(whole.size() < spec.size() ? whole.size() + 1 : whole.size());
  const std::size_t equals = whole.find('=');
  if (equals == std::string_view::npos) return {whole, {}};
  return {whole.substr(0, equals), whole.substr(equals + 1)};
}

std::uint64_t number(std::string_view digits) noexcept {
  std::uint64_t n = 0;
  const auto [end, error] = std::from_chars(digits.data(), digits.data() + digits.size(), n);
  return error == std::errc{} && end == digits.data() + digits.size() ? n : 0;
}

std::string_view spec_of_process() noexcept {
  static const std::string_view spec = [] {
    const char* text = std::getenv("GALE_MUTANT");
    const std::string_view said = text == nullptr ? "" : text;
    if (const std::string_view unknown = unknown_in(said); !unknown.empty()) {
      std::fprintf(stderr, "gale: GALE_MUTANT: '%.*s' is no failpoint; there are:", static_cast<int>(unknown.size()),
                   unknown.data());
      for (const Point& point : kPoints) std::fprintf(stderr, " %s", point.name.data());
      std::fputc('\n', stderr);
      ::_exit(2);
    }
    return said;
  }();
  return spec;
}

}  // namespace

std::uint64_t every_in(std::string_view spec, std::string_view name) noexcept {
  while (!spec.empty()) {
    const Entry entry = take(spec);
    if (entry.name != name) continue;
    if (!entry.every.empty()) return number(entry.every);
    const Point* point = find(name);
    return point == nullptr ? 0 : point->every;
  }
  return 0;
}

std::string_view unknown_in(std::string_view spec) noexcept {
  while (!spec.empty()) {
    const Entry entry = take(spec);
    if (entry.name.empty()) continue;
    if (find(entry.name) == nullptr || (!entry.every.empty() && number(entry.every) == 0)) return entry.name;
  }
  return {};
}

std::uint64_t every_of(std::string_view name) noexcept { return every_in(spec_of_process(), name); }

}  // namespace gale::failpoint
