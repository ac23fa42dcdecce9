// SPDX-License-Identifier: Apache-2.0
//
// The files of the judge's components: a line file (write(2), no buffer of ours, so what was written before an ack
// outlives kill -9), the low-water mark, and the gauge. Every incarnation has files of its own. One thread each.
#pragma once

#include "gale/error.hpp"
#include "tests/cluster/format.hpp"

#include <dirent.h>
#include <fcntl.h>
#include <sys/mman.h>
#include <unistd.h>

#include <atomic>
#include <cerrno>
#include <cstdlib>
#include <cstring>
#include <ctime>
#include <string>
#include <utility>

namespace ledger {

inline std::uint64_t now_ns() noexcept {
  timespec t{};
  clock_gettime(CLOCK_MONOTONIC, &t);
  return static_cast<std::uint64_t>(t.tv_sec) * 1'000'000'000u + static_cast<std::uint64_t>(t.tv_nsec);
}

[[noreturn]] inline void throw_errno(const std::string& what) { throw gale::Error(what + ": " + std::strerror(errno)); }

class Fd {
 public:
  Fd() = default;
  Fd(const std::string& path, int flags) : fd_(::open(path.c_str(), flags | O_CLOEXEC, 0644)) {
    if (fd_ < 0) throw_errno("cannot open '" + path + "'");
  }
  Fd(Fd&& o) noexcept : fd_(std::exchange(o.fd_, -1)) {}
  Fd& operator=(Fd&& o) noexcept {
    std::swap(fd_, o.fd_);
    return *this;
  }
  ~Fd() {
    if (fd_ >= 0) ::close(fd_);
  }
  [[nodiscard]] int get() const noexcept { return fd_; }

 private:
  int fd_ = -1;
};

class LineFile {
 public:
  LineFile() = default;
  explicit LineFile(const std::string& path) : fd_(path, O_WRONLY | O_CREAT | O_EXCL | O_APPEND) {}

  template <class Line>
  void append(Line& line) {
    line.crc = crc_of(line);
    if (::write(fd_.get(), &line, sizeof line) != static_cast<ssize_t>(sizeof line)) throw_errno("ledger line");
  }

 private:
  Fd fd_;
};

/// How often this source has been opened before: one ledger file each.
inline std::uint16_t starts_so_far(const std::string& dir, std::uint32_t src) {
  DIR* d = ::opendir(dir.c_str());
  if (d == nullptr) throw_errno("cannot list '" + dir + "'");
  const std::string prefix = "source." + std::to_string(src) + ".";
  int last = 0;
  while (const dirent* entry = ::readdir(d)) {
    if (std::strncmp(entry->d_name, prefix.c_str(), prefix.size()) != 0) continue;
    last = std::max(last, std::atoi(entry->d_name + prefix.size()));
  }
  ::closedir(d);
  return static_cast<std::uint16_t>(last);
}

/// The low-water mark, in two slots written in turn: a torn one leaves the other.
class Mark {
 public:
  Mark() = default;
  explicit Mark(const std::string& path) : fd_(path, O_RDWR | O_CREAT) {
    MarkSlot slots[2];
    const ssize_t n = ::pread(fd_.get(), slots, sizeof slots, 0);
    for (ssize_t i = 0; i < n / static_cast<ssize_t>(sizeof(MarkSlot)); ++i) {
      if (slots[i].crc == crc_of(slots[i]) && slots[i].mark > mark_) mark_ = slots[i].mark;
    }
  }
  [[nodiscard]] std::uint64_t get() const noexcept { return mark_; }
  void advance(std::uint64_t mark) {
    if (mark <= mark_) return;
    mark_ = mark;
    MarkSlot slot;
    slot.mark = mark;
    slot.crc = crc_of(slot);
    const off_t at = static_cast<off_t>(turn_ * sizeof slot);
    if (::pwrite(fd_.get(), &slot, sizeof slot, at) != static_cast<ssize_t>(sizeof slot)) throw_errno("mark");
    if (::fdatasync(fd_.get()) != 0) throw_errno("mark");
    turn_ ^= 1;
  }

 private:
  Fd fd_;
  std::uint64_t mark_ = 0;
  std::size_t turn_ = 0;
};

/// A mapping that outlives its process, so that the driver reads what a victim held when it died.
class GaugeFile {
 public:
  GaugeFile() = default;
  GaugeFile(const GaugeFile&) = delete;
  GaugeFile& operator=(const GaugeFile&) = delete;
  ~GaugeFile() {
    if (gauge_ != nullptr) ::munmap(gauge_, sizeof(Gauge));
  }
  void open(const std::string& path) {
    // Made under another name: a gauge that can be seen has its full size.
    const std::string draft = path + ".new";
    const Fd fd(draft, O_RDWR | O_CREAT | O_EXCL);
    if (::ftruncate(fd.get(), sizeof(Gauge)) != 0) throw_errno("gauge");
    void* at = ::mmap(nullptr, sizeof(Gauge), PROT_READ | PROT_WRITE, MAP_SHARED, fd.get(), 0);
    if (at == MAP_FAILED) throw_errno("gauge");
    gauge_ = static_cast<Gauge*>(at);
    if (::rename(draft.c_str(), path.c_str()) != 0) throw_errno("gauge");
  }
  void held(std::size_t n) const noexcept { set(gauge_->held, n); }
  void done() const noexcept { set(gauge_->done, gauge_->done + 1); }
  void acked() const noexcept { set(gauge_->acked, gauge_->acked + 1); }
  void position(std::uint64_t seq) const noexcept { set(gauge_->position, seq); }

 private:
  static void set(std::uint64_t& cell, std::uint64_t value) noexcept {
    std::atomic_ref<std::uint64_t>(cell).store(value, std::memory_order_relaxed);
  }
  Gauge* gauge_ = nullptr;
};

}  // namespace ledger
