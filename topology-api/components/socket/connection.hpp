// SPDX-License-Identifier: Apache-2.0
//
// Connection: one TCP connection that never blocks its caller. Errors are the system's texts. One thread.
#pragma once

#include "resolve.hpp"

#include <cstddef>
#include <span>
#include <string>

namespace gale::stock::socket {

class Connection {
 public:
  Connection() = default;
  Connection(const Connection&) = delete;
  Connection& operator=(const Connection&) = delete;
  ~Connection() { close(); }

  enum class State { kClosed, kConnecting, kOpen };
  [[nodiscard]] State state() const noexcept { return state_; }
  [[nodiscard]] int fd() const noexcept { return fd_; }

  /// Begins to connect; kClosed and error() when that fails at once.
  State begin(const Address& address);
  /// What has become of it.
  State look();
  enum class Got { kBytes, kNothing, kEnd, kError };
  Got read(std::span<char> room, std::size_t& n);
  void close() noexcept;
  [[nodiscard]] const std::string& error() const noexcept { return error_; }

 private:
  State fail(int error);

  int fd_ = -1;
  State state_ = State::kClosed;
  std::string error_;
};

}  // namespace gale::stock::socket
