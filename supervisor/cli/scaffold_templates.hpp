// SPDX-License-Identifier: Apache-2.0
//
// The files of scaffold/, as CMake puts them into the program.
#pragma once

#include <span>
#include <string_view>

namespace gale::cli {

struct ScaffoldTemplate {
  std::string_view path;  ///< below scaffold/
  std::string_view text;
};

extern const std::span<const ScaffoldTemplate> kScaffoldTemplates;

}  // namespace gale::cli
