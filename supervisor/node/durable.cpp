// SPDX-License-Identifier: Apache-2.0
#include "supervisor/node/durable.hpp"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <system_error>
#include <utility>

namespace gale::node {

namespace fs = std::filesystem;
namespace {

/// A descriptor that closes itself.
class Fd {
 public:
  explicit Fd(int fd) : fd_(fd) {}
  ~Fd() {
    if (fd_ >= 0) ::close(fd_);
  }
  Fd(const Fd&) = delete;
  Fd& operator=(const Fd&) = delete;
  [[nodiscard]] int get() const noexcept { return fd_; }
  [[nodiscard]] bool close() { return ::close(std::exchange(fd_, -1)) == 0; }

 private:
  int fd_;
};

bool write_all(int fd, std::string_view bytes) {
  while (!bytes.empty()) {
    const ssize_t n = ::write(fd, bytes.data(), bytes.size());
    if (n < 0 && errno == EINTR) continue;
    if (n <= 0) return false;
    bytes.remove_prefix(static_cast<std::size_t>(n));
  }
  return true;
}

Failed cannot(const char* do_what, const fs::path& path) {
  return {"cannot " + std::string(do_what) + " " + path.string() + ": " + std::strerror(errno)};
}

}  // namespace

Result<void> write_durably(const fs::path& path, std::string_view bytes, mode_t mode) {
  const fs::path beside = path.string() + ".new";
  Fd fd(::open(beside.c_str(), O_WRONLY | O_CREAT | O_TRUNC | O_NOFOLLOW | O_CLOEXEC, mode));
  const bool written =
      fd.get() >= 0 && ::fchmod(fd.get(), mode) == 0 && write_all(fd.get(), bytes) && ::fsync(fd.get()) == 0;
  if (!written || !fd.close() || ::rename(beside.c_str(), path.c_str()) != 0) {
    const Failed why = cannot("write", path);
    ::unlink(beside.c_str());
    return why;
  }
  return sync_folder(path.parent_path());
}

Result<void> sync_folder(const fs::path& folder) {
  const Fd fd(::open(folder.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC));
  if (fd.get() < 0 || ::fsync(fd.get()) != 0) return cannot("sync", folder);
  return {};
}

Result<void> make_folder(const fs::path& folder) {
  std::error_code failed;
  if (fs::is_directory(folder, failed)) return {};
  if (folder.has_parent_path() && folder.parent_path() != folder) {
    if (Result<void> above = make_folder(folder.parent_path()); !above) return above;
  }
  if (::mkdir(folder.c_str(), 0700) != 0 && errno != EEXIST) return cannot("make", folder);
  return sync_folder(folder.parent_path().empty() ? fs::path(".") : folder.parent_path());
}

std::optional<std::string> read_small(const fs::path& path, std::size_t most) {
  const Fd fd(::open(path.c_str(), O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC));
  struct stat about {};
  if (fd.get() < 0 || ::fstat(fd.get(), &about) != 0 || !S_ISREG(about.st_mode)) return std::nullopt;
  if (static_cast<std::uint64_t>(about.st_size) > most) return std::nullopt;
  std::string bytes(static_cast<std::size_t>(about.st_size), '\0');
  std::size_t have = 0;
  while (have < bytes.size()) {
    const ssize_t n = ::read(fd.get(), bytes.data() + have, bytes.size() - have);
    if (n < 0 && errno == EINTR) continue;
    if (n <= 0) break;
    have += static_cast<std::size_t>(n);
  }
  bytes.resize(have);
  return bytes;
}

fs::path set_aside(const fs::path& path) {
  const fs::path there = path.string() + ".bad";
  std::error_code ignored;
  fs::rename(path, there, ignored);
  return there;
}

}  // namespace gale::node
