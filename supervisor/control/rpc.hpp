// SPDX-License-Identifier: Apache-2.0
//
// Requests over ZeroMQ: the master binds a ROUTER, commands and supervisors connect a DEALER. Neither end blocks for
// the other: an answer to a peer whose queue is full is dropped, and the peer asks again with the same id.
// Threads: one thread an end.
#pragma once

#include "engine/base/clock.hpp"
#include "engine/base/result.hpp"
#include "engine/keys/security.hpp"
#include "supervisor/control/request.hpp"

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <vector>

namespace gale::control {

/// One that asked, to be answered once.
struct Asked {
  std::string peer;  // where the answer goes: the connection's own
  Request request;
  std::string who{};  // under which name its key is let in: "client-anna"; empty without keys
};

class RequestServer {
 public:
  /// The error names the endpoint and what to do about it. With keys only supervisors and clients are let in; without,
  /// only what this host alone can reach may be listened at.
  static Result<RequestServer> bind(const std::string& endpoint, const std::optional<keys::Security>& security = {});
  RequestServer(RequestServer&&) noexcept;
  RequestServer& operator=(RequestServer&&) noexcept;
  ~RequestServer();

  /// Where it listens; the port is filled in when the endpoint left it to the system.
  [[nodiscard]] std::string endpoint() const;
  /// Waits for a request or until one of `fds` is readable, at most `most`.
  void wait(const std::vector<int>& fds, Duration most);
  /// The next that has come; what is no request is counted, and answered when it has an id.
  std::optional<Asked> receive();
  void answer(const std::string& peer, const Reply& reply);
  [[nodiscard]] std::uint64_t refused() const noexcept;

 private:
  struct Impl;
  explicit RequestServer(std::unique_ptr<Impl> impl);
  std::unique_ptr<Impl> impl_;
};

class RequestClient {
 public:
  /// Connects in the background; an endpoint that is none is an error.
  static Result<RequestClient> connect(const std::string& endpoint, const std::optional<keys::Security>& security = {});
  RequestClient(RequestClient&&) noexcept;
  RequestClient& operator=(RequestClient&&) noexcept;
  ~RequestClient();

  /// False: the queue is full; ask again later.
  bool send(const Request& request);
  std::optional<Reply> receive();
  void wait(const std::vector<int>& fds, Duration most);
  /// For a poll of the caller's own: readable, edge-triggered, when something may have come.
  [[nodiscard]] int fd() const;

  /// Asks and waits. Refused with a text that says who does not answer when nothing has come within `most`.
  Reply call(const std::string& verb, Value args, Duration most);

 private:
  struct Impl;
  explicit RequestClient(std::unique_ptr<Impl> impl);
  std::unique_ptr<Impl> impl_;
};

}  // namespace gale::control
