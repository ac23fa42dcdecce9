// SPDX-License-Identifier: Apache-2.0
#include "discover.hpp"

#include <glob.h>
#include <sys/stat.h>

#include <algorithm>
#include <filesystem>
#include <iterator>
#include <set>
#include <string_view>
#include <tuple>
#include <utility>

namespace gale::stock::file {

namespace fs = std::filesystem;

bool is_pattern(const std::string& path) { return path.find_first_of("*?[") != std::string::npos; }

std::vector<std::string> files_of(const std::vector<std::string>& patterns) {
  std::vector<std::string> files;
  std::set<Identity> seen;
  const auto add = [&](const std::string& path) {
    const auto identity = identity_of(path);
    if (identity && seen.insert(*identity).second) files.push_back(path);
  };
  for (const std::string& pattern : patterns) {
    add(pattern);  // it may be the name of a file, whatever is in it
    if (!is_pattern(pattern)) continue;
    glob_t found{};
    if (::glob(pattern.c_str(), 0, nullptr, &found) == 0) {
      for (std::size_t i = 0; i < found.gl_pathc; ++i) add(found.gl_pathv[i]);
    }
    ::globfree(&found);
  }
  return files;
}

std::vector<std::string> folders_of(const std::vector<std::string>& patterns) {
  std::set<std::string> folders;
  const auto add = [&](const std::string& path) {
    const fs::path folder = fs::path(path).parent_path();
    folders.insert(folder.empty() ? "." : folder.string());
  };
  for (const std::string& pattern : patterns) {
    if (!is_pattern(fs::path(pattern).parent_path().string())) add(pattern);
  }
  for (const std::string& file : files_of(patterns)) add(file);
  return {folders.begin(), folders.end()};
}

namespace {

bool is_compressed(const std::string& name) {
  for (const std::string_view end : {".gz", ".xz", ".bz2", ".zst", ".lz4", ".Z"}) {
    if (name.size() > end.size() && name.compare(name.size() - end.size(), end.size(), end) == 0) return true;
  }
  return false;
}

/// path.1, path-20240131 and the like, the one that was written to last at the end.
std::vector<Rotated> one_look(const std::string& path) {
  const fs::path whole(path);
  const std::string name = whole.filename().string();
  const bool bare = whole.parent_path().empty();
  const auto current = identity_of(path);
  std::vector<Rotated> all;
  std::error_code error;
  for (const fs::directory_entry& entry : fs::directory_iterator(bare ? fs::path(".") : whole.parent_path(), error)) {
    const std::string other = entry.path().filename().string();
    if (other.size() <= name.size() || other.compare(0, name.size(), name) != 0) continue;
    if ((other[name.size()] != '.' && other[name.size()] != '-') || is_compressed(other)) continue;
    struct stat st {};
    if (::stat(entry.path().c_str(), &st) != 0 || !S_ISREG(st.st_mode)) continue;
    const Identity is{st.st_dev, st.st_ino};
    if (is != current)
      all.push_back({{st.st_mtim.tv_sec, st.st_mtim.tv_nsec}, bare ? other : entry.path().string(), is});
  }
  std::sort(all.begin(), all.end(), [](const Rotated& a, const Rotated& b) {
    return std::tie(a.written, b.path) < std::tie(b.written, a.path);  // of one tick: log.2 is older than log.1
  });
  return all;
}

/// A folder that is renamed in while it is read may not show a file at all: looks until two looks are the same.
std::vector<Rotated> all_rotated(const std::string& path) {
  std::vector<Rotated> all = one_look(path);
  for (int looks = 0; looks < 10; ++looks) {
    std::vector<Rotated> again = one_look(path);
    if (again == all) break;
    all = std::move(again);
  }
  return all;
}

}  // namespace

std::vector<Rotated> rotated_since(const std::string& path, const std::set<Identity>& known,
                                   std::optional<Written> written) {
  std::vector<Rotated> all = all_rotated(path);
  auto first = std::find_if(all.begin(), all.end(), [&](const Rotated& r) { return known.count(r.identity) != 0; });
  if (first == all.end() && written)
    first = std::find_if(all.begin(), all.end(), [&](const Rotated& r) { return r.written > *written; });
  return {std::make_move_iterator(first), std::make_move_iterator(all.end())};
}

}  // namespace gale::stock::file
