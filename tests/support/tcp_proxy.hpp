// SPDX-License-Identifier: Apache-2.0
//
// TcpProxy: a stretch of network between a client and a server on this machine, which can be torn: reset_all() ends
// every connection with a RST on both sides, and what was under way in it is gone. One thread of its own.
#pragma once

#include <netinet/in.h>
#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>

#include <array>
#include <atomic>
#include <cstdint>
#include <stdexcept>
#include <string>
#include <thread>
#include <vector>

namespace gale::test {

class TcpProxy {
 public:
  /// To "tcp://127.0.0.1:PORT".
  explicit TcpProxy(const std::string& target)
      : target_(static_cast<std::uint16_t>(std::stoi(target.substr(target.rfind(':') + 1)))) {
    listener_ = ::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    sockaddr_in at = loopback(0);
    socklen_t size = sizeof at;
    if (::bind(listener_, reinterpret_cast<sockaddr*>(&at), size) != 0 || ::listen(listener_, 16) != 0 ||
        ::getsockname(listener_, reinterpret_cast<sockaddr*>(&at), &size) != 0)
      throw std::runtime_error("the proxy cannot listen");
    endpoint_ = "tcp://127.0.0.1:" + std::to_string(ntohs(at.sin_port));
    thread_ = std::jthread([this](const std::stop_token& token) { run(token); });
  }
  ~TcpProxy() {
    thread_.request_stop();
    thread_.join();
    for (Way& way : ways_) close(way, false);
    ::close(listener_);
  }
  TcpProxy(const TcpProxy&) = delete;
  TcpProxy& operator=(const TcpProxy&) = delete;

  [[nodiscard]] const std::string& endpoint() const { return endpoint_; }
  /// Of all connections there are; when the thread comes to it.
  void reset_all() { wanted_ = true; }
  [[nodiscard]] std::uint64_t resets() const { return resets_; }

 private:
  struct Way {
    int client, server;
  };
  static sockaddr_in loopback(std::uint16_t port) {
    sockaddr_in at{};
    at.sin_family = AF_INET;
    at.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    at.sin_port = htons(port);
    return at;
  }
  static void close(Way& way, bool reset) {
    for (const int fd : {way.client, way.server}) {
      const linger now{1, 0};  // a RST instead of a FIN
      if (reset) ::setsockopt(fd, SOL_SOCKET, SO_LINGER, &now, sizeof now);
      ::close(fd);
    }
    way = {-1, -1};
  }
  void accept() {
    const int client = ::accept4(listener_, nullptr, nullptr, SOCK_CLOEXEC);
    if (client < 0) return;
    const int server = ::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    const sockaddr_in at = loopback(target_);
    Way way{client, server};
    if (::connect(server, reinterpret_cast<const sockaddr*>(&at), sizeof at) != 0) return close(way, true);
    ways_.push_back(way);
  }
  /// False: the way has ended.
  static bool carry(int from, int to) {
    std::array<char, 65536> buffer;
    const ssize_t got = ::recv(from, buffer.data(), buffer.size(), MSG_DONTWAIT);
    if (got <= 0) return got < 0 && (errno == EAGAIN || errno == EINTR);
    for (ssize_t sent = 0; sent < got;) {
      const ssize_t n = ::send(to, buffer.data() + sent, static_cast<std::size_t>(got - sent), MSG_NOSIGNAL);
      if (n <= 0) return false;
      sent += n;
    }
    return true;
  }
  void run(const std::stop_token& token) {
    while (!token.stop_requested()) {
      std::vector<pollfd> fds = {{listener_, POLLIN, 0}};
      for (const Way& way : ways_) {
        fds.push_back({way.client, POLLIN, 0});
        fds.push_back({way.server, POLLIN, 0});
      }
      ::poll(fds.data(), fds.size(), 5);
      if (wanted_.exchange(false)) {
        for (Way& way : ways_) close(way, true);
        resets_ += ways_.size();
        ways_.clear();
        continue;
      }
      for (std::size_t i = 0; i < ways_.size(); ++i) {
        Way& way = ways_[i];
        const bool up = fds[1 + 2 * i].revents == 0 || carry(way.client, way.server);
        if (!up || (fds[2 + 2 * i].revents != 0 && !carry(way.server, way.client))) close(way, false);
      }
      std::erase_if(ways_, [](const Way& way) { return way.client < 0; });
      if (fds[0].revents != 0) accept();
    }
  }

  const std::uint16_t target_;
  int listener_ = -1;
  std::string endpoint_;
  std::vector<Way> ways_;
  std::atomic<bool> wanted_{false};
  std::atomic<std::uint64_t> resets_{0};
  std::jthread thread_;
};

}  // namespace gale::test
