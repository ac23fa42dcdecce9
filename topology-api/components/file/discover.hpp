// SPDX-License-Identifier: Apache-2.0
//
// Which files a spout reads: paths and patterns made into files, and the names that a file has gone by since.
#pragma once

#include "source_file.hpp"

#include <optional>
#include <set>
#include <string>
#include <vector>

namespace gale::stock::file {

/// The regular files that the paths and patterns name now, each once, pattern by pattern, sorted by name within one.
std::vector<std::string> files_of(const std::vector<std::string>& patterns);

/// Whether it holds a *, ? or [.
bool is_pattern(const std::string& path);

/// The folders in which a file that the patterns name may appear.
std::vector<std::string> folders_of(const std::vector<std::string>& patterns);

struct Rotated {
  Written written;
  std::string path;
  Identity identity;
  friend bool operator==(const Rotated& a, const Rotated& b) { return a.path == b.path && a.identity == b.identity; }
};

/// What `path` was rotated to since its file was one of `known`: the oldest of those under its new name, and all that
/// were rotated after it, the oldest first; without the one that is at `path` now, and without compressed ones. When
/// none is in the folder any more: those last written to after `written`, if that is given.
std::vector<Rotated> rotated_since(const std::string& path, const std::set<Identity>& known,
                                   std::optional<Written> written = std::nullopt);

}  // namespace gale::stock::file
