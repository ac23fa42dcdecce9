// SPDX-License-Identifier: Apache-2.0
//
// The legend of a page: what numbers mean, as text, so that neither a crash handler nor who reads its record needs a
// plan. A line a task, in order: "bolt split#3", then for each input "<tab>component/stream". Pure, and nothing is
// allocated by what reads it.
#pragma once

#include <cstdint>
#include <string_view>

namespace gale::crash {

/// The part of `text` between the separators number `n` - 1 and `n`; empty beyond the end.
[[nodiscard]] constexpr std::string_view part(std::string_view text, char separator, std::uint32_t n) noexcept {
  for (; n > 0; --n) {
    const std::size_t end = text.find(separator);
    if (end == std::string_view::npos) return {};
    text.remove_prefix(end + 1);
  }
  return text.substr(0, text.find(separator));
}
/// "bolt split#3"
[[nodiscard]] constexpr std::string_view task_in(std::string_view legend, std::uint32_t task) noexcept {
  return part(part(legend, '\n', task), '\t', 0);
}
/// "lines/default"
[[nodiscard]] constexpr std::string_view input_in(std::string_view legend, std::uint32_t task,
                                                  std::uint32_t input) noexcept {
  return part(part(legend, '\n', task), '\t', input + 1);
}
/// "bolt split#3" -> "split"
[[nodiscard]] constexpr std::string_view component_of(std::string_view task) noexcept {
  const std::size_t begin = task.find(' ') + 1;  // of npos: 0
  return task.substr(begin, task.rfind('#') - begin);
}

}  // namespace gale::crash
