// SPDX-License-Identifier: Apache-2.0
//
// Which files a spout reads: paths and patterns made into files, and the names that a file has gone by since.
#pragma once

#include "source_file.hpp"

#include <string>
#include <vector>

namespace gale::stock::file {

/// The regular files that the paths and patterns name now, each once, pattern by pattern, sorted by name within one.
std::vector<std::string> files_of(const std::vector<std::string>& patterns);

/// Whether it holds a *, ? or [.
bool is_pattern(const std::string& path);

/// The folders in which a file that the patterns name may appear.
std::vector<std::string> folders_of(const std::vector<std::string>& patterns);

/// What `path` was rotated to since its file was `identity`: that file under its new name, and those rotated after it,
/// the oldest first; without the one that is at `path` now. Empty when it is in the folder no more.
std::vector<std::string> rotated_since(const std::string& path, const Identity& identity);

}  // namespace gale::stock::file
