// SPDX-License-Identifier: Apache-2.0
//
// Watch: what wakes a spout that follows files: inotify on files and folders, and a timer, each a file descriptor for
// Context::watch_fd. Where inotify is not to be had (its limits are the user's), the timer alone remains.
#pragma once

#include <chrono>
#include <string>

namespace gale::stock::file {

class Watch {
 public:
  Watch();
  Watch(const Watch&) = delete;
  Watch& operator=(const Watch&) = delete;
  ~Watch();

  [[nodiscard]] int events_fd() const noexcept { return events_; }  // -1: there is no inotify
  [[nodiscard]] int timer_fd() const noexcept { return timer_; }

  /// Tells of bytes that are added to the open file. The number is for forget(); -1 when it cannot be watched.
  int add_file(int fd);
  void forget(int number);
  /// Tells of files that come and go there.
  bool add_folder(const std::string& path);

  /// Fires once, after `delay`.
  void set_timer(std::chrono::nanoseconds delay);

  /// Takes what has happened. True: a file came, went or was renamed, so look at the folders again.
  bool drain();

 private:
  int events_, timer_;
};

}  // namespace gale::stock::file
