// SPDX-License-Identifier: Apache-2.0
#include "watch.hpp"

#include <sys/inotify.h>
#include <sys/timerfd.h>
#include <unistd.h>

#include <algorithm>
#include <cstdint>
#include <cstring>

namespace gale::stock::file {

Watch::Watch()
    : events_(::inotify_init1(IN_NONBLOCK | IN_CLOEXEC)),
      timer_(::timerfd_create(CLOCK_MONOTONIC, TFD_NONBLOCK | TFD_CLOEXEC)) {}

Watch::~Watch() {
  if (events_ >= 0) ::close(events_);
  if (timer_ >= 0) ::close(timer_);
}

int Watch::add_file(int fd) {
  // By its descriptor: the path may lead to another file by now.
  return ::inotify_add_watch(events_, ("/proc/self/fd/" + std::to_string(fd)).c_str(), IN_MODIFY | IN_ATTRIB);
}

void Watch::forget(int number) {
  if (number >= 0) ::inotify_rm_watch(events_, number);
}

bool Watch::add_folder(const std::string& path) {
  return ::inotify_add_watch(events_, path.c_str(), IN_CREATE | IN_DELETE | IN_MOVED_FROM | IN_MOVED_TO | IN_ONLYDIR) >=
         0;
}

void Watch::set_timer(std::chrono::nanoseconds delay) {
  const auto ns = std::max<std::int64_t>(delay.count(), 1);  // 0 would disarm it
  const itimerspec at{{0, 0}, {ns / 1'000'000'000, ns % 1'000'000'000}};
  ::timerfd_settime(timer_, 0, &at, nullptr);
}

bool Watch::drain() {
  std::uint64_t fired = 0;
  static_cast<void>(!::read(timer_, &fired, sizeof fired));
  bool folders = false;
  alignas(inotify_event) char room[16 * 1024];
  for (;;) {
    const ssize_t n = ::read(events_, room, sizeof room);
    if (n <= 0) return folders;
    for (ssize_t at = 0; at < n;) {
      inotify_event event;
      std::memcpy(&event, room + at, sizeof event);
      if ((event.mask & ~static_cast<std::uint32_t>(IN_MODIFY | IN_IGNORED)) != 0) folders = true;  // overflow, too
      at += static_cast<ssize_t>(sizeof event + event.len);
    }
  }
}

}  // namespace gale::stock::file
