// SPDX-License-Identifier: Apache-2.0
#include "supervisor/node/port_keeper.hpp"

#include <netinet/in.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <string>

namespace gale::node {

PortKeeper::~PortKeeper() {
  for (const int fd : sockets_) ::close(fd);
}

Result<std::uint16_t> PortKeeper::keep(std::uint16_t port) {
  const std::string doing = "cannot take " + (port == 0 ? "a tcp port" : "port " + std::to_string(port)) + ": ";
  const int fd = ::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
  if (fd < 0) return Failed{doing + std::strerror(errno)};
  sockets_.push_back(fd);
  const int on = 1;
  ::setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof on);
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  address.sin_port = htons(port);
  socklen_t size = sizeof address;
  if (::bind(fd, reinterpret_cast<sockaddr*>(&address), size) != 0 ||
      ::getsockname(fd, reinterpret_cast<sockaddr*>(&address), &size) != 0)
    return Failed{doing + std::strerror(errno) + (errno == EADDRINUSE ? "; another process listens there" : "")};
  return ntohs(address.sin_port);
}

}  // namespace gale::node
