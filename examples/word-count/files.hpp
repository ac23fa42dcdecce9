// SPDX-License-Identifier: Apache-2.0
//
// The two ends of word count at the file system: input files by a pattern, checked before the first line is read, and a
// result file that appears whole or not at all. Errors are gale::Error and name the path.
#pragma once

#include <gale/error.hpp>

#include <glob.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <filesystem>
#include <fstream>
#include <string>
#include <string_view>
#include <system_error>
#include <vector>

namespace words {

/// The files that `pattern` names, in the order of their names. Symbolic links count as what they lead to.
inline std::vector<std::string> files_of(const std::string& pattern) {
  glob_t found{};
  const int status = ::glob(pattern.c_str(), 0, nullptr, &found);
  const std::vector<std::string> paths(found.gl_pathv, found.gl_pathv + (status == 0 ? found.gl_pathc : 0));
  ::globfree(&found);
  if (paths.empty())
    throw gale::Error("no file matches '" + pattern + "'; set the property 'input' to a path or a pattern");
  for (const std::string& path : paths) {
    std::error_code error;
    if (!std::filesystem::is_regular_file(path, error)) {
      throw gale::Error("cannot read '" + path + "': " + (error ? error.message() : "not a regular file"));
    }
    if (::access(path.c_str(), R_OK) != 0) throw gale::Error("cannot read '" + path + "': " + std::strerror(errno));
  }
  return paths;
}

/// Writes beside the target and renames at the end, so that nobody ever reads half a result.
class AtomicFile {
 public:
  /// Throws when the target cannot be written, before any work is done for it.
  explicit AtomicFile(const std::string& path) {
    std::error_code error;
    if (path.empty()) throw gale::Error("no file to write to; set the property 'output' to a path");
    target_ = std::filesystem::weakly_canonical(path, error);  // a link is written through, not replaced
    if (error) target_ = path;
    if (std::filesystem::exists(target_, error) && !std::filesystem::is_regular_file(target_, error)) {
      throw gale::Error("cannot write '" + path + "': it is there and is not a regular file");
    }
    temporary_ = target_.string() + ".part." + std::to_string(::getpid());
    out_.open(temporary_, std::ios::binary | std::ios::trunc);
    if (!out_) throw gale::Error("cannot write '" + path + "': " + std::strerror(errno));
  }
  AtomicFile(const AtomicFile&) = delete;
  AtomicFile& operator=(const AtomicFile&) = delete;
  ~AtomicFile() {
    std::error_code ignored;
    if (!done_) std::filesystem::remove(temporary_, ignored);
  }

  void write(std::string_view text) { out_.write(text.data(), static_cast<std::streamsize>(text.size())); }
  void commit() {
    out_.close();
    std::error_code error;
    if (out_) std::filesystem::rename(temporary_, target_, error);
    if (!out_ || error) {
      throw gale::Error("cannot write '" + target_.string() +
                        "': " + (error ? error.message() : "the disk took no more"));
    }
    done_ = true;
  }

 private:
  std::filesystem::path target_, temporary_;
  std::ofstream out_;
  bool done_ = false;
};

}  // namespace words
