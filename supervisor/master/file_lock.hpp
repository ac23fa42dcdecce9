// SPDX-License-Identifier: Apache-2.0
//
// FileLock: FILE is this process's while the object lives, by a lock of the system on FILE.lock, which stays. It ends
// with the process, and a fork does not inherit it, so that no child keeps the next master out. Threads: one.
#pragma once

#include "engine/base/result.hpp"

#include <string>

namespace gale::master {

class FileLock {
 public:
  /// The error names the process that has it.
  static Result<FileLock> of(const std::string& file);
  FileLock(FileLock&& other) noexcept;
  FileLock& operator=(FileLock&&) = delete;
  ~FileLock();

  /// A mark that a store was made here, so that it is known when the file is lost.
  [[nodiscard]] bool is_marked() const;
  [[nodiscard]] bool mark();

 private:
  explicit FileLock(int fd) : fd_(fd) {}
  int fd_;
};

}  // namespace gale::master
