// SPDX-License-Identifier: Apache-2.0
//
// A worker's log: its own lines, and whatever its plugins write to stdout and stderr, in rotated files. A process of
// its own writes them, the worker's child: what the worker has written is in a pipe, so a crash loses none of it, nor
// does the death of whoever started the worker. It ends when the worker has, and stops for no signal but SIGKILL.
#pragma once

#include "engine/base/result.hpp"

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

namespace gale::node {

/// Text that comes in pieces, given on line by line. A line that is longer than kMost is cut into several.
class Lines {
 public:
  static constexpr std::size_t kMost = 16 * 1024;
  template <class F>
  void take(std::string_view piece, F&& line) {
    while (!piece.empty()) {
      const std::size_t end = piece.find('\n');
      const std::size_t most = kMost - rest_.size();
      const std::size_t n = std::min({piece.size(), end, most});
      rest_ += piece.substr(0, n);
      piece.remove_prefix(n);
      if (n != end && rest_.size() < kMost) return;  // more of it is to come
      if (n == end) piece.remove_prefix(1);
      line(std::string_view(rest_));
      rest_.clear();
    }
  }
  /// What has no end, when nothing more comes.
  template <class F>
  void end(F&& line) {
    if (!rest_.empty()) line(std::string_view(rest_));
    rest_.clear();
  }

 private:
  std::string rest_;
};

struct WorkerLogOptions {
  std::string file;
  std::uint64_t max_bytes = 10u << 20;  // of each file
  std::uint32_t files = 5;              // the one that is written included
  std::string name;                     // of the process, before its plugins' lines: "worker 1.3"
};

/// Makes the process, and stdout and stderr of this one go there, line-buffered. Returns a file descriptor for lines
/// that are whole already (engine/base/log.hpp). Before any thread is made.
[[nodiscard]] Result<int> start_worker_log(const WorkerLogOptions& options);

}  // namespace gale::node
