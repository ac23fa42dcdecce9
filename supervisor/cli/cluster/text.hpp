// SPDX-License-Identifier: Apache-2.0
//
// Numbers as people read them in tables. Pure.
#pragma once

#include "gale/value.hpp"

#include <cstdint>
#include <string>

namespace gale::cli {

/// 1 234 567 as "1.23 M"; below 1 000 as it is, without a fraction where there is none.
[[nodiscard]] std::string short_number(double n);
/// "3 d 4 h", "5 m 6 s", "7 s"
[[nodiscard]] std::string age(std::uint64_t ms);
/// "12.3 MiB"
[[nodiscard]] std::string size_text(std::uint64_t bytes);
/// A duration of microseconds: "12.3 us", "4.56 ms"; "-" for nil.
[[nodiscard]] std::string micros_text(const Value* us);
/// Wall clock milliseconds as local time: "2026-11-27 14:05:09".
[[nodiscard]] std::string time_text(std::int64_t ms);
/// The number of a map, which may be a double.
[[nodiscard]] double real_in(const Value& map, std::string_view key);

}  // namespace gale::cli
