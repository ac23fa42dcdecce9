// SPDX-License-Identifier: Apache-2.0
//
// Hints for a name that is not known: the nearest of those that are, or the list of them. Pure functions.
#pragma once

#include <string>
#include <string_view>
#include <vector>

namespace gale {

using Names = std::vector<std::string_view>;

/// Edits (insert, delete, replace, swap of neighbours) that turn one into the other, letter case aside.
[[nodiscard]] std::size_t edit_distance(std::string_view a, std::string_view b);

/// The known name that was probably meant; empty when none is near enough (about one edit in three letters).
[[nodiscard]] std::string_view nearest(std::string_view name, const Names& known);

/// "a, b, c"; a long list is cut and says how many more there are.
[[nodiscard]] std::string list_of(const Names& names);

/// The end of an error text: " (did you mean 'x'?)", or "; there are: a, b" when none is near, or "; there are none".
[[nodiscard]] std::string suggest(std::string_view name, const Names& known);

}  // namespace gale
