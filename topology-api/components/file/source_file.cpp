// SPDX-License-Identifier: Apache-2.0
#include "source_file.hpp"

#include "../common/write_all.hpp"

#include <gale/error.hpp>

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>

namespace gale::stock::file {

std::optional<Identity> identity_of(const std::string& path) {
  struct stat st {};
  if (::stat(path.c_str(), &st) != 0 || !S_ISREG(st.st_mode)) return std::nullopt;
  return Identity{st.st_dev, st.st_ino};
}

SourceFile::SourceFile(std::string path) : path_(std::move(path)) {
  fd_ = ::open(path_.c_str(), O_RDONLY | O_CLOEXEC | O_NONBLOCK);  // a pipe would wait for its writer
  if (fd_ < 0) throw Error("cannot read '" + path_ + "': " + errno_text(errno));
  struct stat st {};
  const int failed = ::fstat(fd_, &st) != 0 ? errno : 0;
  if (failed != 0 || !S_ISREG(st.st_mode)) {
    ::close(fd_);
    throw Error("cannot read '" + path_ + "': " + (failed != 0 ? errno_text(failed) : "not a regular file"));
  }
  identity_ = {st.st_dev, st.st_ino};
}

SourceFile::~SourceFile() {
  if (fd_ >= 0) ::close(fd_);
}

std::uint64_t SourceFile::size() const {
  struct stat st {};
  return ::fstat(fd_, &st) == 0 ? static_cast<std::uint64_t>(st.st_size) : 0;
}

Written SourceFile::written() const {
  struct stat st {};
  if (::fstat(fd_, &st) != 0) return {};
  return {st.st_mtim.tv_sec, st.st_mtim.tv_nsec};
}

Head SourceFile::head(std::uint64_t most) const {
  std::array<char, Head::kMost> bytes;
  const ssize_t n = ::pread(fd_, bytes.data(), static_cast<std::size_t>(std::min(most, Head::kMost)), 0);
  Head head{n > 0 ? static_cast<std::uint64_t>(n) : 0, 14695981039346656037u};
  for (std::uint64_t i = 0; i < head.size; ++i)
    head.hash = (head.hash ^ static_cast<std::uint8_t>(bytes[i])) * 1099511628211u;  // FNV-1a
  return head;
}

std::size_t SourceFile::read(std::uint64_t offset, std::span<char> room) {
  for (;;) {
    const ssize_t n = ::pread(fd_, room.data(), room.size(), static_cast<off_t>(offset));
    if (n >= 0) return static_cast<std::size_t>(n);
    if (errno != EINTR) throw Error("cannot read on in '" + path_ + "': " + errno_text(errno));
  }
}

}  // namespace gale::stock::file
