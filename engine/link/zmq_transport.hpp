// SPDX-License-Identifier: Apache-2.0
//
// ZmqTransport: carries frames between workers over ZeroMQ; with hub.hpp the only file above that knows sockets, and
// zmq_transport.cpp the only one that includes ZeroMQ.
// Each worker binds two PULL sockets (data, acks) and connects two PUSH sockets to each peer: a stranger who connects
// can bring garbage and never takes a message. A frame may be lost with a connection; Link sends it again. Threads:
// send() any (a lock for each peer); poll() and quiet() one thread at a time.
#pragma once

#include "engine/base/ids.hpp"
#include "engine/base/result.hpp"
#include "engine/link/actions.hpp"
#include "engine/wire/frame.hpp"
#include "engine/wire/shared_frame.hpp"

#include <array>
#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <vector>

namespace gale::link {

/// Where a worker listens: "ipc:///dir/w1.data", "tcp://127.0.0.1:6700".
struct Endpoints {
  std::string data, ack;
};

struct TransportOptions {
  Endpoints own;
  std::vector<std::pair<WorkerId, Endpoints>> peers;
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
  /// full), Link will notice.
  bool send(WorkerId peer, Lane lane, wire::Frame frame);

  /// Hands over what has arrived, acks first, at most kPollFrames of each. True: call again before sleeping.
  static constexpr int kPollFrames = 64;
  bool poll(const std::function<void(Lane, wire::Frame)>& handler);

  /// To sleep on, for reading. They are edge-triggered: sleep only after quiet() has said true, with no poll() since.
  [[nodiscard]] std::array<int, 2> fds() const noexcept;
  [[nodiscard]] bool quiet();

  [[nodiscard]] std::uint64_t dropped() const noexcept;

 private:
  struct Sockets;
  explicit ZmqTransport(std::unique_ptr<Sockets> sockets);
  std::unique_ptr<Sockets> sockets_;
};

}  // namespace gale::link
