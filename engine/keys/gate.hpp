// SPDX-License-Identifier: Apache-2.0
//
// Gate: who may speak to the sockets of one ZeroMQ context. It answers ZeroMQ's question for each handshake (ZAP) out
// of the allow-list, which it reads again when its folder changes; cuts connections whose key was taken away; and keeps
// strangers from using up the descriptors.
// Invariants: made before any other socket of its context, gone before the context; a socket that is secured lets
// nobody in while no gate is there to ask (ZMQ_ZAP_ENFORCE_DOMAIN). What a socket receives is believed only if
// admits(user_of(message), roles): a key that was taken away may have had messages under way.
// Threads: one of its own, which never waits for anybody; the calls from any. When that thread ends, the process does.
#pragma once

#include "engine/base/result.hpp"
#include "engine/keys/key_pair.hpp"

#include <cstdint>
#include <filesystem>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

namespace zmq {
class context_t;
class message_t;
class socket_t;
}  // namespace zmq

namespace gale::keys {

struct GateOptions {
  /// The folder of keys that are let in; empty: no keys, only the descriptors are guarded.
  std::filesystem::path authorized;
  /// The thread has ended though nobody stopped it. Unless given: the process is aborted.
  std::function<void(std::string_view why)> died;
};

class Gate {
 public:
  static Result<std::unique_ptr<Gate>> open(zmq::context_t& context, GateOptions options);
  /// After the sockets it guards.
  ~Gate();
  Gate(const Gate&) = delete;
  Gate& operator=(const Gate&) = delete;

  /// Before bind(): from then on the socket talks CURVE, as `own`, with those of `admitted` whose key is on the list.
  Result<void> secure_server(zmq::socket_t& socket, const KeyPair& own, Roles admitted);
  /// Before bind(), for a socket without keys: guards the descriptors alone.
  Result<void> watch(zmq::socket_t& socket);

  /// Under which name a key is let in as one of `roles`. Cheap enough for every message.
  [[nodiscard]] std::optional<std::string> admits(std::string_view key, Roles roles) const;

  struct Counters {
    std::uint64_t let_in = 0, refused = 0;  // handshakes
    std::uint64_t cut = 0;                  // connections: too many young ones, or a key was taken away
    std::uint64_t reloads = 0;              // of the allow-list that changed something
  };
  [[nodiscard]] Counters counters() const;

 private:
  struct Impl;
  explicit Gate(std::unique_ptr<Impl> impl);
  std::unique_ptr<Impl> impl_;
};

/// Before connect(): the socket talks CURVE, as `own`, with nobody but the owner of `server_key`.
Result<void> secure_client(zmq::socket_t& socket, const KeyPair& own, const std::string& server_key);

/// The key of who sent a message, empty when it came without.
[[nodiscard]] std::string_view user_of(zmq::message_t& message);

}  // namespace gale::keys
