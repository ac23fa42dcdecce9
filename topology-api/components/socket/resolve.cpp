// SPDX-License-Identifier: Apache-2.0
#include "resolve.hpp"

#include <netdb.h>

#include <cstring>
#include <thread>
#include <utility>

namespace gale::stock::socket {
namespace {

Resolved resolve(const std::string& host, const std::string& port, int flags, int& status) {
  addrinfo hints{};
  hints.ai_family = AF_UNSPEC;
  hints.ai_socktype = SOCK_STREAM;
  hints.ai_flags = flags;
  addrinfo* found = nullptr;
  status = ::getaddrinfo(host.c_str(), port.c_str(), &hints, &found);
  Resolved resolved;
  if (status != 0) {
    resolved.error = ::gai_strerror(status);
    return resolved;
  }
  for (const addrinfo* one = found; one != nullptr; one = one->ai_next) {
    Address& address = resolved.addresses.emplace_back();
    std::memcpy(&address.bytes, one->ai_addr, one->ai_addrlen);
    address.size = one->ai_addrlen;
  }
  ::freeaddrinfo(found);
  return resolved;
}

}  // namespace

std::optional<Resolved> resolve_digits(const std::string& host, const std::string& port) {
  int status = 0;
  Resolved resolved = resolve(host, port, AI_NUMERICHOST | AI_NUMERICSERV, status);
  if (status != 0) return std::nullopt;
  return resolved;
}

std::shared_ptr<Pending> resolve_later(std::string host, std::string port, std::function<void()> done) {
  auto pending = std::make_shared<Pending>();  // shared by the thread and whoever waits, in whatever order they end
  std::thread([pending, host = std::move(host), port = std::move(port), done = std::move(done)] {
    int status = 0;
    pending->put(resolve(host, port, AI_NUMERICSERV | AI_ADDRCONFIG, status));
    done();
  }).detach();
  return pending;
}

}  // namespace gale::stock::socket
