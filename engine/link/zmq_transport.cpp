// SPDX-License-Identifier: Apache-2.0
#include "engine/link/zmq_transport.hpp"

#include "engine/base/assert.hpp"
#include "engine/keys/endpoint.hpp"
#include "engine/keys/gate.hpp"

#include <algorithm>
#include <atomic>
#include <cerrno>
#include <chrono>
#include <map>
#include <mutex>
#include <optional>
#include <string_view>
#include <utility>
#include <zmq.hpp>

namespace gale::link {

namespace {

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

/// What both ends want. A queue is bounded by credit, not here, except where a peer is away or a stranger talks.
void configure(zmq::socket_t& socket, const std::string& endpoint) {
  socket.set(zmq::sockopt::linger, 0);
  socket.set(zmq::sockopt::handshake_ivl, 2000);
  if (!keys::is_tcp(endpoint)) return;  // a unix socket tells by itself when the other side is gone
  socket.set(zmq::sockopt::heartbeat_ivl, 1000);
  socket.set(zmq::sockopt::heartbeat_timeout, 3000);
  socket.set(zmq::sockopt::connect_timeout, 3000);
}

/// Between two tries: from the first to the second, doubling; over tcp ZeroMQ adds up to the first of jitter.
void set_back_off(zmq::socket_t& socket, const std::string& endpoint) {
  const bool far = keys::is_tcp(endpoint);
  socket.set(zmq::sockopt::reconnect_ivl, far ? 100 : 10);
  socket.set(zmq::sockopt::reconnect_ivl_max, far ? 5000 : 200);
}

struct Peer {
  std::mutex mutex;
  Endpoints at;             // under mutex, as all below
  zmq::socket_t data, ack;  // none while it is not known where the peer is
  std::chrono::steady_clock::time_point made{};
  std::chrono::milliseconds patience{1000};
};

/// One place where this worker listens.
struct Listener {
  zmq::socket_t data, ack;
  bool with_keys = false;
};

constexpr keys::Roles kLetIn{keys::Role::kWorker};

/// What went wrong while something was being done.
Failed failed(const std::string& doing, const zmq::error_t& error) {
  return {"cannot " + doing + ": " + error.what() + keys::advice_for(error.num())};
}

}  // namespace

struct ZmqTransport::Sockets {
  zmq::context_t context{1};
  std::unique_ptr<keys::Gate> gate;  // while anything listens at tcp; after the context, before its sockets
  std::optional<keys::Security> security;
  std::vector<Listener> listeners;
  std::vector<Endpoints> bound;
  std::vector<int> fds;
  std::map<WorkerId, Peer> peers;
  std::uint32_t max_frame_bytes = wire::kMaxFrameBytes;
  std::atomic<std::uint64_t> dropped{0}, keys_refused{0}, reconnects{0};

  Result<void> listen(const Endpoints& at);
  Result<zmq::socket_t> listen_at(const std::string& endpoint);
  Result<zmq::socket_t> connect_to(const std::string& endpoint, Lane lane);
  Result<void> connect(Peer& peer, const Endpoints& to);
  void connect_again(Peer& peer);
  void take_from(Listener& listener, Lane lane, const std::function<void(Lane, wire::Frame)>& handler, int& left);
};

Result<zmq::socket_t> ZmqTransport::Sockets::listen_at(const std::string& endpoint) {
  constexpr int kMessagesWaiting = 256;  // of one connection, then its sender's kernel holds the rest: strangers too
  if (Result<void> may = keys::may_listen(endpoint, security.has_value()); !may)
    return Failed{"cannot listen: " + may.error()};
  try {
    zmq::socket_t socket(context, zmq::socket_type::pull);
    configure(socket, endpoint);
    socket.set(zmq::sockopt::rcvhwm, kMessagesWaiting);
    socket.set(zmq::sockopt::maxmsgsize, static_cast<std::int64_t>(max_frame_bytes));
    if (keys::is_tcp(endpoint)) {
      Result<void> guarded = security ? gate->secure_server(socket, security->own, kLetIn) : gate->watch(socket);
      if (!guarded) return Failed{guarded.error()};
    }
    socket.bind(endpoint);
    return socket;
  } catch (const zmq::error_t& error) {
    return failed("listen on " + endpoint, error);
  }
}

Result<void> ZmqTransport::Sockets::listen(const Endpoints& at) {
  if (gate == nullptr && (keys::is_tcp(at.data) || keys::is_tcp(at.ack))) {
    auto opened = keys::Gate::open(context, {.authorized = security ? security->authorized : "", .died = {}});
    if (!opened) return Failed{opened.error()};
    gate = std::move(*opened);
  }
  Result<zmq::socket_t> data = listen_at(at.data);
  if (!data) return Failed{data.error()};
  Result<zmq::socket_t> ack = listen_at(at.ack);
  if (!ack) return Failed{ack.error()};
  fds.push_back(data->get(zmq::sockopt::fd));
  fds.push_back(ack->get(zmq::sockopt::fd));
  bound.push_back({data->get(zmq::sockopt::last_endpoint), ack->get(zmq::sockopt::last_endpoint)});
  listeners.push_back({std::move(*data), std::move(*ack), security && keys::is_tcp(at.data)});
  return {};
}

Result<zmq::socket_t> ZmqTransport::Sockets::connect_to(const std::string& endpoint, Lane lane) {
  constexpr int kAcksToAnAbsentPeer = 4096;  // HELLOs and pings are not counted by credit
  if (Result<void> may = keys::may_connect(endpoint); !may) return Failed{"cannot connect: " + may.error()};
  try {
    zmq::socket_t socket(context, zmq::socket_type::push);
    configure(socket, endpoint);
    set_back_off(socket, endpoint);
    socket.set(zmq::sockopt::sndhwm, lane == Lane::kData ? 0 : kAcksToAnAbsentPeer);
    if (security && keys::is_tcp(endpoint)) {
      if (Result<void> done = keys::secure_client(socket, security->own, security->server_key); !done)
        return Failed{done.error()};
    }
    socket.connect(endpoint);
    return socket;
  } catch (const zmq::error_t& error) {
    return failed("connect to " + endpoint, error);
  }
}

/// Under the peer's lock.
Result<void> ZmqTransport::Sockets::connect(Peer& peer, const Endpoints& to) {
  if (!to.known()) {
    peer.data.close();
    peer.ack.close();
    peer.at = to;
    return {};
  }
  Result<zmq::socket_t> data = connect_to(to.data, Lane::kData);
  if (!data) return Failed{data.error()};
  Result<zmq::socket_t> ack = connect_to(to.ack, Lane::kAck);
  if (!ack) return Failed{ack.error()};
  peer.data = std::move(*data);
  peer.ack = std::move(*ack);
  peer.at = to;
  peer.made = std::chrono::steady_clock::now();
  return {};
}

/// A send was refused. ZeroMQ connects no more to a port where something else once answered (a peer that died, its port
/// taken by another program): then nothing would ever leave again, so the sockets are made anew, not too often.
void ZmqTransport::Sockets::connect_again(Peer& peer) {
  constexpr std::chrono::milliseconds kMost{5000};
  if (!peer.at.known() || std::chrono::steady_clock::now() - peer.made < peer.patience) return;
  peer.patience = std::min(2 * peer.patience, kMost);
  if (connect(peer, peer.at)) reconnects.fetch_add(1, std::memory_order_relaxed);
}

ZmqTransport::ZmqTransport(std::unique_ptr<Sockets> sockets) : sockets_(std::move(sockets)) {}
ZmqTransport::~ZmqTransport() = default;

Result<std::unique_ptr<ZmqTransport>> ZmqTransport::create(const TransportOptions& options) {
  auto sockets = std::make_unique<Sockets>();
  // Two a peer, twice that while one moves; two a listener, two to watch each of these, and the gate's.
  sockets->context.set(zmq::ctxopt::max_sockets,
                       static_cast<int>(4 * options.peers.size() + 6 * options.own.size() + 64));
  sockets->security = options.security;
  sockets->max_frame_bytes = options.max_frame_bytes;
  for (const Endpoints& own : options.own) {
    if (Result<void> done = sockets->listen(own); !done) return Failed{done.error()};
  }
  for (const auto& [id, endpoints] : options.peers) {
    if (Result<void> done = sockets->connect(sockets->peers[id], endpoints); !done) return Failed{done.error()};
  }
  return std::unique_ptr<ZmqTransport>(new ZmqTransport(std::move(sockets)));
}

bool ZmqTransport::send(WorkerId id, Lane lane, wire::Frame frame) {
  const auto it = sockets_->peers.find(id);
  ASSERT(it != sockets_->peers.end(), "a frame for a worker that is no peer");
  const std::span<const std::uint8_t> bytes = frame.bytes();
  zmq::message_t message(const_cast<std::uint8_t*>(bytes.data()), bytes.size(), drop_block, frame.release());
  Peer& peer = it->second;
  const std::lock_guard lock(peer.mutex);
  zmq::socket_t& socket = lane == Lane::kData ? peer.data : peer.ack;
  while (peer.at.known()) {
    try {
      if (socket.send(message, zmq::send_flags::dontwait)) return true;
      break;
    } catch (const zmq::error_t& error) {
      if (error.num() != EINTR) break;
    }
  }
  sockets_->dropped.fetch_add(1, std::memory_order_relaxed);
  sockets_->connect_again(peer);
  return false;
}

Result<void> ZmqTransport::listen(const Endpoints& at) { return sockets_->listen(at); }

Result<void> ZmqTransport::move_peer(WorkerId id, const Endpoints& to) {
  const auto it = sockets_->peers.find(id);
  ASSERT(it != sockets_->peers.end(), "a worker that is no peer has moved");
  const std::lock_guard lock(it->second.mutex);
  it->second.patience = std::chrono::milliseconds(1000);
  return sockets_->connect(it->second, to);
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

void ZmqTransport::Sockets::take_from(Listener& listener, Lane lane,
                                      const std::function<void(Lane, wire::Frame)>& handler, int& left) {
  zmq::socket_t& socket = lane == Lane::kData ? listener.data : listener.ack;
  for (; left > 0; --left) {
    zmq::message_t message;
    if (!receive(socket, message)) return;
    if (listener.with_keys && !gate->admits(keys::user_of(message), kLetIn)) {
      keys_refused.fetch_add(1, std::memory_order_relaxed);
      continue;
    }
    handler(lane, wire::Frame(new MessageBlock(std::move(message))));
  }
}

bool ZmqTransport::poll(const std::function<void(Lane, wire::Frame)>& handler) {
  bool more = false;
  for (const Lane lane : {Lane::kAck, Lane::kData}) {
    for (Listener& listener : sockets_->listeners) {
      int left = kPollFrames;
      sockets_->take_from(listener, lane, handler, left);
      more = more || left == 0;
    }
  }
  return more;
}

const std::vector<int>& ZmqTransport::fds() const noexcept { return sockets_->fds; }
const std::vector<Endpoints>& ZmqTransport::bound() const noexcept { return sockets_->bound; }

bool ZmqTransport::quiet() {
  bool any = false;  // all of them: reading re-arms the fd
  for (Listener& listener : sockets_->listeners) {
    any = readable(listener.data) || any;
    any = readable(listener.ack) || any;
  }
  return !any;
}

ZmqTransport::Counters ZmqTransport::counters() const noexcept {
  return {sockets_->dropped.load(std::memory_order_relaxed), sockets_->keys_refused.load(std::memory_order_relaxed),
          sockets_->gate ? sockets_->gate->counters().refused : 0,
          sockets_->reconnects.load(std::memory_order_relaxed)};
}

}  // namespace gale::link
