// SPDX-License-Identifier: Apache-2.0
#include "engine/keys/key_file.hpp"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <optional>
#include <string_view>
#include <system_error>
#include <utility>

namespace gale::keys {

namespace fs = std::filesystem;

namespace {

constexpr std::size_t kMostBytes = 4096;  // of a key file; more is none
constexpr mode_t kAnybodyElse = 077;

class File {
 public:
  explicit File(int fd) : fd_(fd) {}
  ~File() {
    if (fd_ >= 0) ::close(fd_);
  }
  File(const File&) = delete;
  File& operator=(const File&) = delete;
  [[nodiscard]] int fd() const { return fd_; }

 private:
  int fd_;
};

Failed cannot(const char* what, const fs::path& path) {
  return {std::string("cannot ") + what + " " + path.string() + ": " + std::strerror(errno)};
}

bool write_all(int fd, std::string_view text) {
  while (!text.empty()) {
    const ssize_t n = ::write(fd, text.data(), text.size());
    if (n < 0 && errno == EINTR) continue;
    if (n < 0) return false;
    text.remove_prefix(static_cast<std::size_t>(n));
  }
  return ::fsync(fd) == 0;
}

void sync_folder(const fs::path& dir) {
  const File folder(::open(dir.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC));
  if (folder.fd() >= 0) ::fsync(folder.fd());
}

/// Whole or absent, and never in another file's place.
Result<void> write_new(const fs::path& path, std::string_view text, mode_t mode) {
  const fs::path draft = path.string() + ".new." + std::to_string(::getpid());
  {
    const File file(::open(draft.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC | O_NOFOLLOW, mode));
    if (file.fd() < 0) return cannot("write", draft);
    if (::fchmod(file.fd(), mode) != 0 || !write_all(file.fd(), text)) {
      const Failed failed = cannot("write", draft);
      ::unlink(draft.c_str());
      return failed;
    }
  }
  const int moved = ::renameat2(AT_FDCWD, draft.c_str(), AT_FDCWD, path.c_str(), RENAME_NOREPLACE);
  if (moved != 0) {
    const Failed failed = errno == EEXIST
                              ? Failed{path.string() + " exists already: a key is never replaced; move it away first"}
                              : cannot("write", path);
    ::unlink(draft.c_str());
    return failed;
  }
  sync_folder(path.parent_path());
  return {};
}

/// Parents as any folder, the last one for its owner alone.
Result<void> make_folder(const fs::path& dir) {
  std::error_code failed;
  if (dir.has_parent_path()) fs::create_directories(dir.parent_path(), failed);
  if (::mkdir(dir.c_str(), 0700) != 0 && errno != EEXIST) return cannot("make folder", dir);
  return {};
}

std::string comment(const std::string& what) { return "# " + what + "\n"; }

/// What stands behind `name` at the beginning of a line.
std::optional<std::string> entry(std::string_view text, std::string_view name) {
  while (!text.empty()) {
    const std::string_view line = text.substr(0, text.find('\n'));
    text.remove_prefix(std::min(text.size(), line.size() + 1));
    if (!line.starts_with(name) || line.substr(name.size(), 1) != " ") continue;
    std::string_view value = line.substr(name.size() + 1);
    while (!value.empty() && (value.back() == '\r' || value.back() == ' ')) value.remove_suffix(1);
    return std::string(value);
  }
  return std::nullopt;
}

Result<std::string> read_text(const File& file, const fs::path& path) {
  std::array<char, kMostBytes + 1> buffer;
  std::size_t size = 0;
  while (size < buffer.size()) {
    const ssize_t n = ::read(file.fd(), buffer.data() + size, buffer.size() - size);
    if (n < 0 && errno == EINTR) continue;
    if (n < 0) return cannot("read", path);
    if (n == 0) break;
    size += static_cast<std::size_t>(n);
  }
  if (size > kMostBytes) return Failed{path.string() + " is no key file: it has more than 4096 bytes"};
  return std::string(buffer.data(), size);
}

Result<std::string> key_in(std::string_view text, std::string_view name, const fs::path& path) {
  std::optional<std::string> key = entry(text, name);
  if (!key || !well_formed(*key)) {
    return Failed{path.string() + " has no line '" + std::string(name) +
                  " KEY' with a key of 40 characters: copy it anew, or make one with 'gale keygen'"};
  }
  return std::move(*key);
}

/// A regular file; the reader never waits for a fifo.
Result<struct stat> status_of(const File& file, const fs::path& path) {
  struct stat status {};
  if (file.fd() < 0) {
    Failed failed = cannot("read", path);
    if (errno == ENOENT) failed.text += "; 'gale keygen' makes keys, --keys names their folder";
    return failed;
  }
  if (::fstat(file.fd(), &status) != 0) return cannot("read", path);
  if (!S_ISREG(status.st_mode)) return Failed{path.string() + " is no file"};
  return status;
}

File open_to_read(const fs::path& path) { return File(::open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NONBLOCK)); }

std::string public_text(const std::string& whose, const std::string& key) {
  return comment("Gale: public key of " + whose) + "public " + key + "\n";
}

}  // namespace

fs::path default_dir() {
  if (const char* dir = std::getenv("GALE_KEYS"); dir != nullptr && *dir != '\0') return dir;
  if (::geteuid() == 0) return "/etc/gale/keys";
  const char* home = std::getenv("HOME");
  return fs::path(home != nullptr ? home : "/") / ".config/gale/keys";
}

fs::path key_path(const fs::path& dir, Role role) { return dir / (std::string(text_of(role)) + ".key"); }
fs::path public_path(const fs::path& dir, Role role) { return dir / (std::string(text_of(role)) + ".pub"); }
fs::path authorized_path(const fs::path& dir) { return dir / "authorized"; }

Result<void> write_pair(const fs::path& dir, Role role, const KeyPair& pair) {
  if (Result<void> made = make_folder(dir); !made) return made;
  const std::string whose = "the role " + std::string(text_of(role));
  const fs::path open = public_path(dir, role);
  std::error_code failed;
  if (fs::exists(fs::symlink_status(open, failed)))
    return Failed{open.string() + " exists already: a key is never replaced; move it away first"};
  const std::string secret = comment("Gale: secret key of " + whose + ". Who can read it has that role.") + "public " +
                             pair.public_key + "\nsecret " + pair.secret_key + "\n";
  if (Result<void> written = write_new(key_path(dir, role), secret, 0600); !written) return written;
  return write_new(open, public_text(whose, pair.public_key), 0644);
}

Result<void> authorize(const fs::path& dir, const std::string& name, const std::string& public_key) {
  if (Result<void> made = make_folder(dir); !made) return made;
  if (Result<void> made = make_folder(authorized_path(dir)); !made) return made;
  return write_new(authorized_path(dir) / (name + ".pub"), public_text(name, public_key), 0644);
}

Result<KeyPair> read_pair(const fs::path& path) {
  const File file = open_to_read(path);
  const Result<struct stat> status = status_of(file, path);
  if (!status) return Failed{status.error()};
  if ((status->st_mode & kAnybodyElse) != 0) {
    std::array<char, 8> mode{};
    std::snprintf(mode.data(), mode.size(), "%04o", status->st_mode & 07777u);
    return Failed{"the secret key " + path.string() + " is open to others (mode " + mode.data() +
                  "): chmod 600 it, and make new keys if others may have read it"};
  }
  if (status->st_uid != ::geteuid() && status->st_uid != 0)
    return Failed{"the secret key " + path.string() + " belongs to user " + std::to_string(status->st_uid) +
                  ", not to this one: chown it"};
  const Result<std::string> text = read_text(file, path);
  if (!text) return Failed{text.error()};
  const Result<std::string> secret = key_in(*text, "secret", path), open = key_in(*text, "public", path);
  if (!secret) return Failed{secret.error()};
  if (!open) return Failed{open.error()};
  if (public_of(*secret) != *open)
    return Failed{path.string() + ": its secret and its public key do not belong together; copy it anew"};
  return KeyPair{*open, *secret};
}

Result<std::string> read_public(const fs::path& path) {
  const File file = open_to_read(path);
  const Result<struct stat> status = status_of(file, path);
  if (!status) return Failed{status.error()};
  const Result<std::string> text = read_text(file, path);
  if (!text) return Failed{text.error()};
  return key_in(*text, "public", path);
}

}  // namespace gale::keys
