// SPDX-License-Identifier: Apache-2.0
//
// ZmqTransport: carries frames between workers over ZeroMQ; with hub.hpp the only file above that knows sockets, and
// zmq_transport.cpp the only one that includes ZeroMQ.
// Each worker binds two PULL sockets (data, acks) at each place where it listens and connects two PUSH sockets to each
// peer: a stranger who connects can bring garbage and never takes a message. With keys, what goes over tcp is CURVE:
// the side that binds is the server, peers are let in by their key (engine/keys/gate.hpp), and each received message
// must be of a key that is let in at that moment. ipc goes without: its folder is its owner's. A frame may be lost with
// a connection; Link sends it again. Threads: send() and move_peer() any (a lock for each peer); poll() and quiet() one
// thread at a time.
#pragma once

#include "engine/base/ids.hpp"
#include "engine/base/result.hpp"
#include "engine/keys/security.hpp"
#include "engine/link/actions.hpp"
#include "engine/link/endpoints.hpp"
#include "engine/wire/frame.hpp"
#include "engine/wire/shared_frame.hpp"

#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

namespace gale::link {

struct TransportOptions {
  std::vector<Endpoints> own{};  // all are bound
  std::vector<std::pair<WorkerId, Endpoints>> peers{};
  std::optional<keys::Security> security{};
  std::uint32_t max_frame_bytes = wire::kMaxFrameBytes;
};

class ZmqTransport {
 public:
  /// The error names the endpoint and what to do about it.
  static Result<std::unique_ptr<ZmqTransport>> create(const TransportOptions& options);
  /// Closes at once: what was not written yet is lost.
  ~ZmqTransport();
  ZmqTransport(const ZmqTransport&) = delete;
  ZmqTransport& operator=(const ZmqTransport&) = delete;

  /// Never blocks; the bytes are not copied. False: dropped and counted (the queue of acks to a peer that is away is
  /// full, or it is not known where the peer is), Link will notice.
  bool send(WorkerId peer, Lane lane, wire::Frame frame);
  /// Listens there, too, from now on. One at a time with poll() and quiet(); afterwards fds() has more.
  Result<void> listen(const Endpoints& at);
  /// The peer is to be found there from now on. Connects anew even when that is where it was; what was not written yet
  /// is dropped. On an error all stays as it was.
  Result<void> move_peer(WorkerId peer, const Endpoints& to);

  /// Hands over what has arrived, acks first, at most kPollFrames of each. True: call again before sleeping.
  static constexpr int kPollFrames = 64;
  bool poll(const std::function<void(Lane, wire::Frame)>& handler);

  /// To sleep on, for reading. They are edge-triggered: sleep only after quiet() has said true, with no poll() since.
  [[nodiscard]] const std::vector<int>& fds() const noexcept;
  [[nodiscard]] bool quiet();

  /// Where it listens, with the ports that the system chose for "tcp://127.0.0.1:*".
  [[nodiscard]] const std::vector<Endpoints>& bound() const noexcept;

  struct Counters {
    std::uint64_t sends_dropped = 0;
    std::uint64_t keys_refused = 0;        // messages of a key that is not let in (any more)
    std::uint64_t handshakes_refused = 0;  // of a key that is not let in
    std::uint64_t reconnects = 0;          // sockets made anew because ZeroMQ had given up on a peer
  };
  [[nodiscard]] Counters counters() const noexcept;

 private:
  struct Sockets;
  explicit ZmqTransport(std::unique_ptr<Sockets> sockets);
  std::unique_ptr<Sockets> sockets_;
};

}  // namespace gale::link
