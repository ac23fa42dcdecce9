// SPDX-License-Identifier: Apache-2.0
//
// Names that others chose, as names of files: none leads out of its folder, none is hidden, two are never one. Pure.
#pragma once

#include <optional>
#include <string>
#include <string_view>

namespace gale::node {

/// Text as the name of a file or folder: letters, digits and -_.+ stand for themselves, but not a leading dot, all
/// others become %XX.
[[nodiscard]] std::string file_name_of(std::string_view text);
/// Nothing when it is no such name.
[[nodiscard]] std::optional<std::string> text_of_file_name(std::string_view name);

}  // namespace gale::node
