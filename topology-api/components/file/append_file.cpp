// SPDX-License-Identifier: Apache-2.0
#include "append_file.hpp"

#include "../common/write_all.hpp"

#include <gale/error.hpp>

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <utility>

namespace gale::stock::file {
namespace {

/// Whether the file ends within a line. One that may not be read is taken to be whole.
bool ends_in_a_line(const std::string& path, off_t size) {
  if (size == 0) return false;
  const int fd = ::open(path.c_str(), O_RDONLY | O_CLOEXEC);
  if (fd < 0) return false;
  char last = '\n';
  const bool read = ::pread(fd, &last, 1, size - 1) == 1;
  ::close(fd);
  return read && last != '\n';
}

}  // namespace

void AppendFile::open(const std::string& path) {
  close();
  path_ = path;
  fd_ = ::open(path.c_str(), O_WRONLY | O_APPEND | O_CREAT | O_CLOEXEC, 0666);
  if (fd_ < 0) throw Error(cannot("open", errno));
  struct stat st {};
  if (::fstat(fd_, &st) != 0) throw Error(cannot("look at", errno));
  regular_ = S_ISREG(st.st_mode);
  torn_ = regular_ && ends_in_a_line(path, st.st_size);
}

void AppendFile::append(std::string_view line) {
  std::string_view bytes = line;
  if (torn_) {
    joined_.assign("\n").append(line);
    bytes = joined_;
  }
  const std::size_t written = write_all(fd_, bytes);
  if (written > 0) dirty_ = true;
  if (written == bytes.size()) {
    torn_ = false;
    return;
  }
  const int error = errno;
  if (written > 0) take_back(written);
  throw Error(cannot("write", error));
}

void AppendFile::take_back(std::uint64_t bytes) {
  struct stat st {};
  const off_t end = regular_ ? ::lseek(fd_, 0, SEEK_CUR) : -1;  // where our last byte went
  const bool ours = end >= 0 && ::fstat(fd_, &st) == 0 && st.st_size == end;
  if (!ours || ::ftruncate(fd_, end - static_cast<off_t>(bytes)) != 0) torn_ = true;
}

void AppendFile::sync() {
  if (fd_ < 0 || ::fdatasync(fd_) == 0 || errno == EINVAL || errno == EROFS) {  // a pipe or a device has no disk
    dirty_ = false;
    return;
  }
  throw Error(cannot("bring to disk", errno));
}

void AppendFile::close() noexcept {
  if (fd_ >= 0) ::close(std::exchange(fd_, -1));
}

std::string AppendFile::cannot(const char* what, int error) const {
  return std::string("cannot ") + what + " '" + path_ + "': " + errno_text(error);
}

}  // namespace gale::stock::file
