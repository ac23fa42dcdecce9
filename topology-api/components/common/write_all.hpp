// SPDX-License-Identifier: Apache-2.0
//
// write_all(): every byte, over short writes, signals and descriptors that do not block.
#pragma once

#include <poll.h>
#include <unistd.h>

#include <cerrno>
#include <cstddef>
#include <cstring>
#include <string>
#include <string_view>

namespace gale::stock {

/// How many bytes were written: all of them, or fewer with errno set.
inline std::size_t write_all(int fd, std::string_view bytes) {
  std::size_t done = 0;
  while (done < bytes.size()) {
    const ssize_t n = ::write(fd, bytes.data() + done, bytes.size() - done);
    if (n >= 0) {
      done += static_cast<std::size_t>(n);
    } else if (errno == EAGAIN) {
      pollfd one{fd, POLLOUT, 0};
      static_cast<void>(::poll(&one, 1, -1));
    } else if (errno != EINTR) {
      return done;
    }
  }
  return done;
}

/// The text of errno; not strerror(), which is not for threads.
inline std::string errno_text(int error) {
  char room[128];
  return ::strerror_r(error, room, sizeof room);
}

}  // namespace gale::stock
