// SPDX-License-Identifier: Apache-2.0
#include "supervisor/cli/cluster/text.hpp"

#include <cmath>
#include <cstdio>
#include <ctime>

namespace gale::cli {
namespace {

template <class... Parts>
std::string format(const char* how, Parts... parts) {
  char room[64];
  std::snprintf(room, sizeof room, how, parts...);
  return room;
}

}  // namespace

std::string short_number(double n) {
  if (n < 1e3) return format(n == std::floor(n) ? "%.0f" : "%.3g", n);
  if (n < 999.5e3) return format("%.3g k", n / 1e3);
  if (n < 999.5e6) return format("%.3g M", n / 1e6);
  return format("%.4g G", n / 1e9);
}

std::string age(std::uint64_t ms) {
  const std::uint64_t s = ms / 1000, m = s / 60, h = m / 60, d = h / 24;
  if (d > 0)
    return format("%llu d %llu h", static_cast<unsigned long long>(d), static_cast<unsigned long long>(h % 24));
  if (h > 0)
    return format("%llu h %llu m", static_cast<unsigned long long>(h), static_cast<unsigned long long>(m % 60));
  if (m > 0)
    return format("%llu m %llu s", static_cast<unsigned long long>(m), static_cast<unsigned long long>(s % 60));
  return format("%llu s", static_cast<unsigned long long>(s));
}

std::string size_text(std::uint64_t bytes) {
  const auto n = static_cast<double>(bytes);
  if (bytes < 1u << 10) return format("%.0f B", n);
  if (bytes < 1u << 20) return format("%.3g KiB", n / (1 << 10));
  if (bytes < 1u << 30) return format("%.3g MiB", n / (1 << 20));
  return format("%.3g GiB", n / (1 << 30));
}

std::string micros_text(const Value* us) {
  const double* n = us == nullptr ? nullptr : us->get_if<double>();
  if (n == nullptr) return "-";
  if (*n < 1e3) return format("%.3g us", *n);
  if (*n < 1e6) return format("%.3g ms", *n / 1e3);
  return format("%.3g s", *n / 1e6);
}

std::string time_text(std::int64_t ms) {
  const std::time_t seconds = ms / 1000;
  std::tm parts{};
  ::localtime_r(&seconds, &parts);
  char room[32];
  std::strftime(room, sizeof room, "%Y-%m-%d %H:%M:%S", &parts);
  return room;
}

double real_in(const Value& map, std::string_view key) {
  const Value* v = map.find(key);
  if (v == nullptr) return 0;
  if (const double* d = v->get_if<double>()) return *d;
  const auto* i = v->get_if<std::int64_t>();
  return i == nullptr ? 0 : static_cast<double>(*i);
}

}  // namespace gale::cli
