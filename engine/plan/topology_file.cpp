// SPDX-License-Identifier: Apache-2.0
//
// The one place of this folder that touches the disk.
#include "engine/plan/topology.hpp"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>
#include <cerrno>
#include <cstring>

namespace gale::plan {
namespace {

class File {
 public:
  explicit File(const std::string& path) : fd_(::open(path.c_str(), O_RDONLY | O_CLOEXEC)) {}
  ~File() {
    if (fd_ >= 0) ::close(fd_);
  }
  File(const File&) = delete;
  File& operator=(const File&) = delete;
  [[nodiscard]] int fd() const { return fd_; }

 private:
  int fd_;
};

/// At most one byte more than a topology may have, whatever the file says of its size. False with errno.
bool read_all(int fd, std::string& text) {
  const std::size_t most = yaml::Limits{}.bytes + 1;
  char room[1 << 16];
  while (text.size() < most) {
    const ssize_t n = ::read(fd, room, std::min(sizeof room, most - text.size()));
    if (n == 0) return true;
    if (n < 0 && errno != EINTR) return false;
    if (n > 0) text.append(room, static_cast<std::size_t>(n));
  }
  return true;
}

Topology refused(const std::string& path, Fault fault) {
  Topology topology;
  topology.file = path;
  topology.faults.push_back(std::move(fault));
  return topology;
}

}  // namespace

Topology read_topology_file(const std::string& path, const Sets& sets, const Environment& environment) {
  const File file(path);
  struct stat info {};
  if (file.fd() < 0 || ::fstat(file.fd(), &info) != 0) {
    return refused(path, {{}, std::string("cannot open the topology: ") + std::strerror(errno)});
  }
  if (S_ISDIR(info.st_mode)) return refused(path, {{}, "is a directory; name the topology file in it"});
  const yaml::Limits limits;
  if (S_ISREG(info.st_mode) && static_cast<std::size_t>(info.st_size) > limits.bytes) {
    return refused(path, yaml::too_large(static_cast<std::size_t>(info.st_size)));
  }
  std::string text;
  if (!read_all(file.fd(), text)) {
    return refused(path, {{}, std::string("cannot read the topology: ") + std::strerror(errno)});
  }
  return read_topology(text, path, sets, environment);
}

}  // namespace gale::plan
