// SPDX-License-Identifier: Apache-2.0
#include "connection.hpp"

#include "../common/write_all.hpp"

#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cerrno>
#include <utility>

namespace gale::stock::socket {
namespace {

/// A peer that is gone without a word is found after two minutes, not never: this side only listens.
void keep_alive(int fd) {
  const int on = 1, idle = 60, interval = 20, probes = 3;
  ::setsockopt(fd, SOL_SOCKET, SO_KEEPALIVE, &on, sizeof on);
  ::setsockopt(fd, IPPROTO_TCP, TCP_KEEPIDLE, &idle, sizeof idle);
  ::setsockopt(fd, IPPROTO_TCP, TCP_KEEPINTVL, &interval, sizeof interval);
  ::setsockopt(fd, IPPROTO_TCP, TCP_KEEPCNT, &probes, sizeof probes);
}

}  // namespace

Connection::State Connection::begin(const Address& address) {
  close();
  fd_ = ::socket(address.bytes.ss_family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
  if (fd_ < 0) return fail(errno);
  keep_alive(fd_);
  if (::connect(fd_, reinterpret_cast<const sockaddr*>(&address.bytes), address.size) == 0)
    return state_ = State::kOpen;
  if (errno != EINPROGRESS) return fail(errno);
  state_ = State::kConnecting;
  return look();
}

Connection::State Connection::look() {
  if (state_ != State::kConnecting) return state_;
  pollfd one{fd_, POLLOUT, 0};
  if (::poll(&one, 1, 0) <= 0) return state_;
  int error = 0;
  socklen_t size = sizeof error;
  if (::getsockopt(fd_, SOL_SOCKET, SO_ERROR, &error, &size) != 0) error = errno;
  return error != 0 ? fail(error) : state_ = State::kOpen;
}

Connection::Got Connection::read(std::span<char> room, std::size_t& n) {
  for (;;) {
    const ssize_t got = ::recv(fd_, room.data(), room.size(), MSG_DONTWAIT);
    if (got > 0) {
      n = static_cast<std::size_t>(got);
      return Got::kBytes;
    }
    if (got == 0) return Got::kEnd;
    if (errno == EAGAIN || errno == EWOULDBLOCK) return Got::kNothing;
    if (errno == EINTR) continue;
    error_ = errno_text(errno);
    return Got::kError;
  }
}

void Connection::close() noexcept {
  if (fd_ >= 0) ::close(std::exchange(fd_, -1));
  state_ = State::kClosed;
}

Connection::State Connection::fail(int error) {
  error_ = errno_text(error);
  close();
  return state_;
}

}  // namespace gale::stock::socket
