// SPDX-License-Identifier: Apache-2.0
//
// LogFile: a log in files of a bounded size: when FILE is full it becomes FILE.1 (before its ending: w.1.log), that one
// FILE.2, and the oldest goes. What cannot be written is counted and said when it can be again. One thread.
#pragma once

#include "engine/base/result.hpp"

#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>
#include <string_view>

namespace gale::log {

class LogFile {
 public:
  /// `files`: of `max_bytes` each, the one that is written included.
  static Result<LogFile> open(const std::string& path, std::size_t max_bytes, std::size_t files);
  LogFile(LogFile&&) noexcept;
  ~LogFile();

  /// A line, without its end.
  void write(std::string_view line);
  /// Until then lines may be in memory.
  void flush();
  [[nodiscard]] std::uint64_t lost() const noexcept { return lost_; }

 private:
  struct Sink;
  explicit LogFile(std::unique_ptr<Sink> sink);
  bool put(std::string_view line);
  std::unique_ptr<Sink> sink_;
  std::uint64_t lost_ = 0;
};

}  // namespace gale::log
