// SPDX-License-Identifier: Apache-2.0
//
// Wanted tuples and those that came. Pure functions.
//
// Numbers are compared by value: 1 is 1.0, and doubles are equal within a billionth of their size, so that a mean can
// be written down. All else is compared exactly.
#pragma once

#include "supervisor/trial/resolve.hpp"

#include <cstddef>
#include <string>
#include <vector>

namespace gale::trial {

[[nodiscard]] bool matches(const WantedRow& wanted, const Value::Array& seen);

/// Empty when they agree; else a line for each tuple: "  " both have it, "- " it is missing, "+ " it is too much.
/// `exact`: in this order; else in any.
[[nodiscard]] std::vector<std::string> differences(const std::vector<WantedRow>& wanted,
                                                   const std::vector<Value::Array>& seen, bool exact);

/// Reasons: each wanted text is part of one that came, and none is left over. Lines as above.
[[nodiscard]] std::vector<std::string> reason_differences(const std::vector<plan::Text>& wanted,
                                                          const std::vector<std::string>& seen);

/// "1 tuple", "2 tuples"
[[nodiscard]] std::string count_of(std::size_t n, const char* what);

/// "count emitted 2 tuples, wanted are 3", "... 2 tuples, but others than are wanted"
[[nodiscard]] std::string emitted_text(const std::string& stream, std::size_t seen, std::size_t wanted);

}  // namespace gale::trial
