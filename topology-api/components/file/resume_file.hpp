// SPDX-License-Identifier: Apache-2.0
//
// The resume file: how far each file is done. Text, a line a file:
//   gale-resume 1
//   <device> <inode> <offset> <head bytes> <head hash> <path, with \n \t \r \\ escaped>
// It is written beside, brought to disk and renamed, so it is the old one or the new one, never half of either.
#pragma once

#include "source_file.hpp"

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace gale::stock::file {

struct FileState {
  Identity identity;
  std::uint64_t offset = 0;  // all before it is done
  Head head;
  std::string path;
  friend bool operator==(const FileState&, const FileState&) = default;
};

/// Nothing saved yet is an empty list. Throws gale::Error when the file is there and is none of ours.
std::vector<FileState> load_resume(const std::string& path);
/// Throws gale::Error when it cannot be brought to disk; then the old one stands.
void save_resume(const std::string& path, const std::vector<FileState>& states);

/// For tests: the text itself.
std::string resume_text(const std::vector<FileState>& states);
/// False when it is no such text.
bool parse_resume(std::string_view text, std::vector<FileState>& states);

}  // namespace gale::stock::file
