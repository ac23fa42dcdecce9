// SPDX-License-Identifier: Apache-2.0
#include "supervisor/master/file_lock.hpp"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <map>
#include <utility>

namespace gale::master {
namespace {

using Identity = std::pair<dev_t, ino_t>;

/// The system's locks do not tell one master in a process from another. By whom: a child that was forked holds none.
std::map<Identity, pid_t>& held_here() {
  static std::map<Identity, pid_t> held;
  return held;
}

Identity identity_of(int fd) {
  struct stat status {};
  ::fstat(fd, &status);
  return {status.st_dev, status.st_ino};
}

/// Without opening it: closing it again would end this process's lock.
bool is_held_here(const std::string& name) {
  struct stat status {};
  if (::stat(name.c_str(), &status) != 0) return false;
  const auto at = held_here().find({status.st_dev, status.st_ino});
  return at != held_here().end() && at->second == ::getpid();
}

std::string in_use(const std::string& file, pid_t by) {
  return file + " is in use by another master (process " + std::to_string(by) +
         "); stop that one first, or give this one a file of its own";
}

}  // namespace

Result<FileLock> FileLock::of(const std::string& file) {
  const std::string name = file + ".lock";
  if (is_held_here(name)) return Failed{in_use(file, ::getpid())};
  const int fd = ::open(name.c_str(), O_RDWR | O_CREAT | O_CLOEXEC, 0600);
  if (fd < 0) return Failed{"cannot open " + name + ": " + std::strerror(errno)};
  struct flock wanted {};
  wanted.l_type = F_WRLCK;
  wanted.l_whence = SEEK_SET;
  if (::fcntl(fd, F_SETLK, &wanted) == 0) {
    held_here()[identity_of(fd)] = ::getpid();
    return FileLock(fd);
  }
  const int error = errno;
  struct flock held = wanted;
  const bool known = (error == EACCES || error == EAGAIN) && ::fcntl(fd, F_GETLK, &held) == 0;
  ::close(fd);
  if (known && held.l_type != F_UNLCK) return Failed{in_use(file, held.l_pid)};
  return Failed{"cannot lock " + name + ": " + std::strerror(error)};
}

FileLock::FileLock(FileLock&& other) noexcept : fd_(std::exchange(other.fd_, -1)) {}

FileLock::~FileLock() {
  if (fd_ < 0) return;
  held_here().erase(identity_of(fd_));
  ::close(fd_);
}

bool FileLock::is_marked() const {
  struct stat status {};
  return ::fstat(fd_, &status) == 0 && status.st_size != 0;
}

bool FileLock::mark() { return is_marked() || (::pwrite(fd_, "1\n", 2, 0) == 2 && ::fsync(fd_) == 0); }

}  // namespace gale::master
