// SPDX-License-Identifier: Apache-2.0
//
// SourceFile: an open file that is read from an offset. It is known by device, inode and a hash of its first bytes, so
// it is found again under another name after a rotation, and another file in its place is not taken for it.
#pragma once

#include <sys/types.h>

#include <compare>
#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <utility>

namespace gale::stock::file {

/// The inode that a path leads to.
struct Identity {
  std::uint64_t device = 0, inode = 0;
  friend auto operator<=>(const Identity&, const Identity&) = default;
};
/// Nothing when there is no regular file.
std::optional<Identity> identity_of(const std::string& path);

/// When a file was last written to, by the system's clock.
struct Written {
  std::int64_t seconds = 0, nanoseconds = 0;
  friend auto operator<=>(const Written&, const Written&) = default;
};

/// A hash of the first bytes, as many as `size` says: 256 at most, fewer of a file of which less was read.
struct Head {
  static constexpr std::uint64_t kMost = 256;
  std::uint64_t size = 0, hash = 0;
  friend bool operator==(const Head&, const Head&) = default;
};

class SourceFile {
 public:
  /// Throws gale::Error when it cannot be read.
  explicit SourceFile(std::string path);
  SourceFile(SourceFile&& o) noexcept
      : path_(std::move(o.path_)), fd_(std::exchange(o.fd_, -1)), identity_(o.identity_) {}
  SourceFile& operator=(SourceFile&&) = delete;
  ~SourceFile();

  [[nodiscard]] const std::string& path() const noexcept { return path_; }
  void set_path(std::string path) { path_ = std::move(path); }  // it was renamed
  [[nodiscard]] const Identity& identity() const noexcept { return identity_; }
  [[nodiscard]] int fd() const noexcept { return fd_; }
  [[nodiscard]] std::uint64_t size() const;
  [[nodiscard]] Written written() const;
  /// The hash over the first min(most, 256) bytes that are there.
  [[nodiscard]] Head head(std::uint64_t most) const;
  /// Bytes at `offset`; 0 at the end. Throws gale::Error.
  std::size_t read(std::uint64_t offset, std::span<char> room);

 private:
  std::string path_;
  int fd_ = -1;
  Identity identity_;
};

}  // namespace gale::stock::file
