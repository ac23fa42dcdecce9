// SPDX-License-Identifier: Apache-2.0
//
// Channel: the control connection over ZeroMQ: the starter binds a ROUTER, each worker connects a DEALER. Messages are
// small and rare. Neither end blocks: a full queue drops a report, and the next one says all again.
// Threads: one thread an end.
#pragma once

#include "engine/base/clock.hpp"
#include "engine/base/result.hpp"
#include "supervisor/control/message.hpp"

#include <memory>
#include <optional>
#include <string>
#include <vector>

namespace gale::control {

class Server {
 public:
  static Result<Server> bind(const std::string& endpoint);
  Server(Server&&) noexcept;
  ~Server();

  /// Waits for a message or until one of `fds` is readable, at most `most`.
  void wait(const std::vector<int>& fds, Duration most);
  /// The next message that has come, if any; what cannot be understood is counted and passed over.
  std::optional<Message> receive();
  /// To the worker's incarnation that spoke last from that place (and slot, which the message names). False: it has not
  /// spoken yet.
  bool send(WorkerId worker, const Message& message);
  [[nodiscard]] std::uint64_t refused() const noexcept;

 private:
  struct Impl;
  explicit Server(std::unique_ptr<Impl> impl);
  std::unique_ptr<Impl> impl_;
};

class Client {
 public:
  /// `slot`: of a supervisor that it is the worker of; 0: of none.
  Client(const std::string& endpoint, WorkerId self, Incarnation incarnation, std::uint16_t slot = 0);
  ~Client();
  void send(const Message& message);
  std::optional<Message> receive();
  /// Lets what was sent leave, at most `most`.
  void close(Duration most);

 private:
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace gale::control
