// SPDX-License-Identifier: Apache-2.0
#include "supervisor/node/log_tail.hpp"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cinttypes>
#include <cstdio>

namespace gale::node {

std::string log_tail(const std::filesystem::path& log, std::size_t lines, std::size_t bytes) {
  const int fd = ::open(log.c_str(), O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC);
  if (fd < 0) return {};
  struct stat about {};
  std::string text;
  if (::fstat(fd, &about) == 0 && S_ISREG(about.st_mode)) {
    const auto size = static_cast<std::size_t>(about.st_size);
    text.resize(std::min(size, bytes));
    const ssize_t n = ::pread(fd, text.data(), text.size(), static_cast<off_t>(size - text.size()));
    text.resize(n > 0 ? static_cast<std::size_t>(n) : 0);
  }
  ::close(fd);
  while (!text.empty() && text.back() == '\n') text.pop_back();
  std::size_t at = text.size();
  for (std::size_t n = 0; n < lines && at != std::string::npos && at != 0; ++n) at = text.rfind('\n', at - 1);
  if (at != std::string::npos && at != 0) text.erase(0, at + 1);
  return text.empty() ? text : "\n" + text;
}

HostMemory host_memory() {
  HostMemory memory;
  std::FILE* file = std::fopen("/proc/meminfo", "re");
  if (file == nullptr) return memory;
  char line[128];
  while (std::fgets(line, sizeof line, file) != nullptr) {
    std::uint64_t kib = 0;
    if (std::sscanf(line, "MemTotal: %" SCNu64, &kib) == 1) memory.total_bytes = kib << 10;
    if (std::sscanf(line, "MemAvailable: %" SCNu64, &kib) == 1) memory.free_bytes = kib << 10;
  }
  std::fclose(file);
  return memory;
}

std::uint64_t rss_bytes_of(std::int64_t pid) {
  std::FILE* file = std::fopen(("/proc/" + std::to_string(pid) + "/statm").c_str(), "re");
  if (file == nullptr) return 0;
  std::uint64_t size = 0, resident = 0;
  const int read = std::fscanf(file, "%" SCNu64 " %" SCNu64, &size, &resident);
  std::fclose(file);
  return read == 2 ? resident * static_cast<std::uint64_t>(::sysconf(_SC_PAGESIZE)) : 0;
}

}  // namespace gale::node
