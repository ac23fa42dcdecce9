// SPDX-License-Identifier: Apache-2.0
//
// AppendFile: whole lines at the end of a file, or an error and nothing. What a failed write left behind is taken back,
// and where it cannot be (another process has written since, or it is no regular file) the next line begins on a line
// of its own. Errors are gale::Error with the path and the errno text. One thread.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

namespace gale::stock::file {

class AppendFile {
 public:
  AppendFile() = default;
  AppendFile(const AppendFile&) = delete;
  AppendFile& operator=(const AppendFile&) = delete;
  ~AppendFile() { close(); }

  /// Creates it when it is not there. One that does not end in a newline was torn by a crash: its last line is ended.
  void open(const std::string& path);
  /// `line` ends in a newline. Throws, and then nothing of it stands in the file.
  void append(std::string_view line);
  /// On disk when it returns, as far as the file has a disk.
  void sync();
  [[nodiscard]] bool dirty() const noexcept { return dirty_; }
  void close() noexcept;

 private:
  void take_back(std::uint64_t bytes);
  [[nodiscard]] std::string cannot(const char* what, int error) const;

  std::string path_, joined_;
  int fd_ = -1;
  bool regular_ = false, torn_ = false, dirty_ = false;
};

}  // namespace gale::stock::file
