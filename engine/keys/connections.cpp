// SPDX-License-Identifier: Apache-2.0
#include "engine/keys/connections.hpp"

#include <fcntl.h>
#include <linux/tcp.h>
#include <netinet/in.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstddef>
#include <cstdlib>
#include <filesystem>
#include <optional>
#include <system_error>
#include <vector>

namespace gale::keys {
namespace {

constexpr Duration kYoung = std::chrono::milliseconds(2500);  // ZeroMQ gives a handshake two seconds
constexpr std::uint64_t kHandshakeBytes = 80;                 // a greeting of 64 and more: none is shorter

int take_reserve() { return ::open("/dev/null", O_RDONLY | O_CLOEXEC); }

std::optional<std::uint16_t> port_of(int fd) {
  sockaddr_storage address{};
  socklen_t size = sizeof address;
  if (::getsockname(fd, reinterpret_cast<sockaddr*>(&address), &size) != 0) return std::nullopt;
  if (address.ss_family == AF_INET) return ntohs(reinterpret_cast<sockaddr_in&>(address).sin_port);
  if (address.ss_family == AF_INET6) return ntohs(reinterpret_cast<sockaddr_in6&>(address).sin6_port);
  return std::nullopt;
}

bool connected(int fd) {
  sockaddr_storage address{};
  socklen_t size = sizeof address;
  return ::getpeername(fd, reinterpret_cast<sockaddr*>(&address), &size) == 0;
}

/// Nothing when it is no connection any more.
std::optional<std::uint64_t> received(int fd) {
  tcp_info info{};
  socklen_t size = sizeof info;
  if (::getsockopt(fd, IPPROTO_TCP, TCP_INFO, &info, &size) != 0 || info.tcpi_state != 1 /* established */)
    return std::nullopt;
  return info.tcpi_bytes_received;
}

}  // namespace

Connections::Connections(std::size_t most_young) : most_young_(most_young), reserve_(take_reserve()) {}

Connections::~Connections() {
  if (reserve_ >= 0) ::close(reserve_);
}

std::size_t Connections::share_of_limit() {
  rlimit limit{};
  if (::getrlimit(RLIMIT_NOFILE, &limit) != 0) return 32;
  return static_cast<std::size_t>(std::clamp<rlim_t>(limit.rlim_cur / 4, 8, 1024));
}

void Connections::listening(int fd) {
  if (const auto port = port_of(fd)) ports_.insert(*port);
}

bool Connections::ours(int fd) const {
  const auto port = port_of(fd);
  return port && ports_.contains(*port) && connected(fd);
}

bool Connections::cut_one_of(int fd) {
  if (!ours(fd)) return false;
  ::shutdown(fd, SHUT_RDWR);
  ++cut_;
  return true;
}

void Connections::forget_old(TimePoint now) {
  while (!young_.empty() && now - young_.front().since > kYoung) young_.pop_front();
}

bool Connections::cut_one(bool any) {
  std::erase_if(young_, [this](const Young& one) { return !ours(one.fd) || !received(one.fd); });
  const auto said = [](const Young& one) { return received(one.fd).value_or(0); };
  const auto least =
      std::min_element(young_.begin(), young_.end(), [&](const Young& a, const Young& b) { return said(a) < said(b); });
  if (least == young_.end() || (!any && said(*least) >= kHandshakeBytes)) return false;
  const bool done = cut_one_of(least->fd);
  young_.erase(least);
  return done;
}

void Connections::accepted(int fd, TimePoint now) {
  if (shedding()) {
    cut_one_of(fd);
    try_restore();
    return;
  }
  forget_old(now);
  std::erase_if(young_,
                [fd](const Young& one) { return one.fd == fd; });  // that one has gone, its number is used again
  young_.push_back({fd, now});
  if (young_.size() > most_young_) cut_one(true);
}

void Connections::accept_failed(int error, TimePoint now) {
  if (error != EMFILE && error != ENFILE) return;
  forget_old(now);
  bool freed = false;
  while (young_.size() > most_young_ / 2 && cut_one(false)) freed = true;
  if (freed || shedding()) return;
  ::close(reserve_);
  reserve_ = -1;
}

void Connections::try_restore() {
  if (reserve_ < 0) reserve_ = take_reserve();
}

void Connections::cut_all() {
  std::error_code failed;
  std::vector<int> all;  // first, because the walk itself has a descriptor
  for (std::filesystem::directory_iterator at("/proc/self/fd", failed), end; !failed && at != end; at.increment(failed))
    all.push_back(std::atoi(at->path().filename().c_str()));
  for (const int fd : all) cut_one_of(fd);
  young_.clear();
}

}  // namespace gale::keys
