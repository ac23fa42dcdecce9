// SPDX-License-Identifier: Apache-2.0
#include "engine/link/zmq_transport.hpp"

#include "engine/base/assert.hpp"

#include <atomic>
#include <cerrno>
#include <map>
#include <mutex>
#include <optional>
#include <string_view>
#include <utility>
#include <zmq.hpp>

namespace gale::link {

namespace {

constexpr std::size_t kLongestIpcPath = 107;  // sun_path, less its NUL

/// A received message under a Frame.
class MessageBlock final : public wire::FrameBlock {
 public:
  explicit MessageBlock(zmq::message_t message) : FrameBlock(nullptr, 0), message_(std::move(message)) {
    data_ = message_.data<std::uint8_t>();  // a small message has its bytes inside, so only after the move
    size_ = message_.size();
  }

 private:
  zmq::message_t message_;
};

/// On ZeroMQ's own thread.
void drop_block(void* /*data*/, void* block) { static_cast<wire::FrameBlock*>(block)->drop(); }

bool is_tcp(const std::string& endpoint) { return endpoint.starts_with("tcp://"); }

std::optional<std::string> unusable(const std::string& endpoint) {
  constexpr std::string_view kIpc = "ipc://";
  if (!endpoint.starts_with(kIpc) || endpoint.size() - kIpc.size() <= kLongestIpcPath) return std::nullopt;
  return "the path of " + endpoint + " has " + std::to_string(endpoint.size() - kIpc.size()) +
         " bytes, a unix socket takes at most " + std::to_string(kLongestIpcPath) + ": use a shorter run directory";
}

std::string advice_for(int error) {
  switch (error) {
    case ENOENT:
    case ENOTDIR:
      return "; create its folder first";
    case EACCES:
    case EPERM:
      return "; the folder must be writable for this user";
    case EADDRINUSE:
      return "; another process listens there: stop it or take another port";
    case EMFILE:
    case ENFILE:
      return "; too many open files: raise the limit (ulimit -n)";
    case EINVAL:
    case EPROTONOSUPPORT:
      return "; an endpoint is ipc:///path or tcp://address:port";
    default:
      return "";
  }
}

/// What both ends want. A queue is bounded by credit, not here, except where a peer is away or a stranger talks.
void configure(zmq::socket_t& socket, const std::string& endpoint) {
  socket.set(zmq::sockopt::linger, 0);
  socket.set(zmq::sockopt::handshake_ivl, 2000);
  if (!is_tcp(endpoint)) return;  // a unix socket tells by itself when the other side is gone
  socket.set(zmq::sockopt::heartbeat_ivl, 1000);
  socket.set(zmq::sockopt::heartbeat_timeout, 3000);
}

zmq::socket_t listen(zmq::context_t& context, const std::string& endpoint, std::uint32_t max_frame_bytes) {
  constexpr int kMessagesWaiting = 256;  // of one connection, then its sender's kernel holds the rest: strangers too
  zmq::socket_t socket(context, zmq::socket_type::pull);
  configure(socket, endpoint);
  socket.set(zmq::sockopt::rcvhwm, kMessagesWaiting);
  socket.set(zmq::sockopt::maxmsgsize, static_cast<std::int64_t>(max_frame_bytes));
  socket.bind(endpoint);
  return socket;
}

zmq::socket_t connect(zmq::context_t& context, const std::string& endpoint, Lane lane) {
  constexpr int kAcksToAnAbsentPeer = 4096;  // HELLOs and pings are not counted by credit
  zmq::socket_t socket(context, zmq::socket_type::push);
  configure(socket, endpoint);
  socket.set(zmq::sockopt::sndhwm, lane == Lane::kData ? 0 : kAcksToAnAbsentPeer);
  socket.set(zmq::sockopt::reconnect_ivl, 10);
  socket.set(zmq::sockopt::reconnect_ivl_max, 200);
  socket.connect(endpoint);
  return socket;
}

}  // namespace

struct ZmqTransport::Sockets {
  struct Peer {
    std::mutex mutex;
    zmq::socket_t data, ack;
  };
  zmq::context_t context{1};
  zmq::socket_t data, ack;
  std::array<int, 2> fds{-1, -1};
  std::map<WorkerId, Peer> peers;
  std::atomic<std::uint64_t> dropped{0};
};

ZmqTransport::ZmqTransport(std::unique_ptr<Sockets> sockets) : sockets_(std::move(sockets)) {}
ZmqTransport::~ZmqTransport() = default;

Result<std::unique_ptr<ZmqTransport>> ZmqTransport::create(const TransportOptions& options) {
  auto sockets = std::make_unique<Sockets>();
  std::string doing;
  const auto at = [&doing](const char* what, const std::string& endpoint) -> const std::string& {
    doing = what + endpoint;
    return endpoint;
  };
  try {
    sockets->context.set(zmq::ctxopt::max_sockets, static_cast<int>(2 * options.peers.size() + 64));
    for (const std::string& endpoint : {options.own.data, options.own.ack})
      if (auto text = unusable(endpoint)) return Failed{"cannot listen: " + *text};
    const auto most = options.max_frame_bytes;
    sockets->data = listen(sockets->context, at("listen on ", options.own.data), most);
    sockets->ack = listen(sockets->context, at("listen on ", options.own.ack), most);
    sockets->fds = {sockets->data.get(zmq::sockopt::fd), sockets->ack.get(zmq::sockopt::fd)};
    for (const auto& [id, endpoints] : options.peers) {
      for (const std::string& endpoint : {endpoints.data, endpoints.ack})
        if (auto text = unusable(endpoint)) return Failed{"cannot connect: " + *text};
      Sockets::Peer& peer = sockets->peers[id];
      peer.data = connect(sockets->context, at("connect to ", endpoints.data), Lane::kData);
      peer.ack = connect(sockets->context, at("connect to ", endpoints.ack), Lane::kAck);
    }
  } catch (const zmq::error_t& error) {
    return Failed{"cannot " + doing + ": " + error.what() + advice_for(error.num())};
  }
  return std::unique_ptr<ZmqTransport>(new ZmqTransport(std::move(sockets)));
}

bool ZmqTransport::send(WorkerId id, Lane lane, wire::Frame frame) {
  const auto it = sockets_->peers.find(id);
  ASSERT(it != sockets_->peers.end(), "a frame for a worker that is no peer");
  const std::span<const std::uint8_t> bytes = frame.bytes();
  zmq::message_t message(const_cast<std::uint8_t*>(bytes.data()), bytes.size(), drop_block, frame.release());
  const std::lock_guard lock(it->second.mutex);
  zmq::socket_t& socket = lane == Lane::kData ? it->second.data : it->second.ack;
  while (true) {
    try {
      if (socket.send(message, zmq::send_flags::dontwait)) return true;
      break;
    } catch (const zmq::error_t& error) {
      if (error.num() != EINTR) break;
    }
  }
  sockets_->dropped.fetch_add(1, std::memory_order_relaxed);
  return false;
}

namespace {

/// One message, if there is one.
bool receive(zmq::socket_t& socket, zmq::message_t& message) {
  while (true) {
    try {
      return socket.recv(message, zmq::recv_flags::dontwait).has_value();
    } catch (const zmq::error_t& error) {
      if (error.num() != EINTR) return false;
    }
  }
}

bool readable(zmq::socket_t& socket) {
  while (true) {
    try {
      return (socket.get(zmq::sockopt::events) & ZMQ_POLLIN) != 0;
    } catch (const zmq::error_t& error) {
      if (error.num() != EINTR) return false;
    }
  }
}

}  // namespace

bool ZmqTransport::poll(const std::function<void(Lane, wire::Frame)>& handler) {
  bool more = false;
  for (const Lane lane : {Lane::kAck, Lane::kData}) {
    zmq::socket_t& socket = lane == Lane::kData ? sockets_->data : sockets_->ack;
    int left = kPollFrames;
    for (; left > 0; --left) {
      zmq::message_t message;
      if (!receive(socket, message)) break;
      handler(lane, wire::Frame(new MessageBlock(std::move(message))));
    }
    more = more || left == 0;
  }
  return more;
}

std::array<int, 2> ZmqTransport::fds() const noexcept { return sockets_->fds; }

bool ZmqTransport::quiet() {
  const bool data = readable(sockets_->data), ack = readable(sockets_->ack);  // both: reading re-arms the fd
  return !data && !ack;
}

std::uint64_t ZmqTransport::dropped() const noexcept { return sockets_->dropped.load(std::memory_order_relaxed); }

}  // namespace gale::link
