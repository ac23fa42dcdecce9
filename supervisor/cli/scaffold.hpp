// SPDX-License-Identifier: Apache-2.0
//
// scaffold: the files of a new plugin's project, out of the templates in scaffold/. Pure functions.
//
// A template is the file with `{{name}}` for what differs; lines between `{{#x}}` and `{{/x}}`, each alone on its line,
// are there when x is, those between `{{^x}}` and `{{/x}}` when it is not.
#pragma once

#include <string>
#include <string_view>
#include <vector>

namespace gale::cli {

struct ScaffoldFile {
  std::string path;  ///< within the project
  std::string text;
};

struct Scaffold {
  std::string name;  ///< of the plugin, see plugin_name_fault()
  bool spout = true, bolt = true;
};

/// Why a project cannot be called that; empty when it can. A name is a plugin's, a folder's, a CMake target's and, with
/// `-` as `_` and `_plugin` behind it, a C++ namespace's.
[[nodiscard]] std::string plugin_name_fault(std::string_view name);

/// At least one of spout and bolt is wanted.
[[nodiscard]] std::vector<ScaffoldFile> scaffold(const Scaffold& wanted);

}  // namespace gale::cli
