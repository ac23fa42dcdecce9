// SPDX-License-Identifier: Apache-2.0
#include "supervisor/control/rpc.hpp"

#include "engine/keys/endpoint.hpp"
#include "engine/keys/gate.hpp"

#include <zmq.hpp>

#include <algorithm>
#include <string_view>
#include <utility>

namespace gale::control {
namespace {

constexpr keys::Roles kLetIn{keys::Role::kSupervisor, keys::Role::kClient};
constexpr int kQueue = 1000;                   // messages a connection
constexpr std::int64_t kMostBytes = 16 << 20;  // plugins travel in chunks far below it
constexpr Duration kAskAgain = std::chrono::seconds(2);

std::string_view view(const zmq::message_t& m) { return {static_cast<const char*>(m.data()), m.size()}; }

void configure(zmq::socket_t& socket) {
  socket.set(zmq::sockopt::linger, 0);
  socket.set(zmq::sockopt::rcvhwm, kQueue);
  socket.set(zmq::sockopt::sndhwm, kQueue);
  socket.set(zmq::sockopt::maxmsgsize, kMostBytes);
  socket.set(zmq::sockopt::heartbeat_ivl, 1000);
  socket.set(zmq::sockopt::heartbeat_timeout, 5000);
  socket.set(zmq::sockopt::reconnect_ivl, 100);
  socket.set(zmq::sockopt::reconnect_ivl_max, 2000);
}

void wait_for(zmq::socket_t& socket, const std::vector<int>& fds, Duration most) {
  std::vector<zmq::pollitem_t> items;
  items.push_back({socket.handle(), 0, ZMQ_POLLIN, 0});
  for (const int fd : fds) items.push_back({nullptr, fd, ZMQ_POLLIN, 0});
  try {
    zmq::poll(items, std::chrono::ceil<std::chrono::milliseconds>(std::max(most, Duration::zero())));
  } catch (const zmq::error_t&) {  // EINTR: the caller looks at what woke it
  }
}

/// The last frame of a message; false: it had more than one, all are gone.
bool last_frame(zmq::socket_t& socket, zmq::message_t& body) {
  if (!socket.recv(body, zmq::recv_flags::dontwait)) return false;
  bool single = true;
  while (body.more()) {
    single = false;
    if (!socket.recv(body, zmq::recv_flags::dontwait)) break;
  }
  return single;
}

}  // namespace

struct RequestServer::Impl {
  zmq::context_t context{1};
  std::unique_ptr<keys::Gate> gate;  // of what listens at tcp; before its socket
  bool with_keys = false;
  zmq::socket_t socket{context, zmq::socket_type::router};
  std::uint64_t refused = 0;

  Result<void> guard(const std::optional<keys::Security>& security);
  /// Under which name the sender is let in at this moment; nothing: it is not.
  std::optional<std::string> sender(zmq::message_t& message) const {
    return with_keys ? gate->admits(keys::user_of(message), kLetIn) : std::optional<std::string>("");
  }
};

RequestServer::RequestServer(std::unique_ptr<Impl> impl) : impl_(std::move(impl)) {}
RequestServer::RequestServer(RequestServer&&) noexcept = default;
RequestServer& RequestServer::operator=(RequestServer&&) noexcept = default;
RequestServer::~RequestServer() = default;

Result<void> RequestServer::Impl::guard(const std::optional<keys::Security>& security) {
  auto opened = keys::Gate::open(context, {.authorized = security ? security->authorized : "", .died = {}});
  if (!opened) return Failed{opened.error()};
  gate = std::move(*opened);
  with_keys = security.has_value();
  return security ? gate->secure_server(socket, security->own, kLetIn) : gate->watch(socket);
}

Result<RequestServer> RequestServer::bind(const std::string& endpoint, const std::optional<keys::Security>& security) {
  if (Result<void> may = keys::may_listen(endpoint, security.has_value()); !may)
    return Failed{"cannot listen: " + may.error()};
  auto impl = std::make_unique<Impl>();
  configure(impl->socket);
  if (keys::is_tcp(endpoint)) {
    if (Result<void> guarded = impl->guard(security); !guarded) return Failed{guarded.error()};
  }
  try {
    impl->socket.bind(endpoint);
  } catch (const zmq::error_t& e) {
    return Failed{"cannot listen at " + endpoint + ": " + e.what() +
                  (e.num() == EADDRINUSE ? "; does another one run there already?" : "")};
  }
  return RequestServer(std::move(impl));
}

std::string RequestServer::endpoint() const { return impl_->socket.get(zmq::sockopt::last_endpoint); }

void RequestServer::wait(const std::vector<int>& fds, Duration most) { wait_for(impl_->socket, fds, most); }

std::optional<Asked> RequestServer::receive() {
  for (;;) {
    zmq::message_t id, body;
    if (!impl_->socket.recv(id, zmq::recv_flags::dontwait)) return std::nullopt;
    if (!id.more() || !last_frame(impl_->socket, body)) {
      ++impl_->refused;
      continue;
    }
    std::optional<std::string> who = impl_->sender(body);
    if (!who) {
      ++impl_->refused;
      continue;
    }
    Result<Request> request = decode_request(view(body));
    if (!request) {
      ++impl_->refused;
      continue;
    }
    return Asked{std::string(view(id)), std::move(*request), std::move(*who)};
  }
}

void RequestServer::answer(const std::string& peer, const Reply& reply) {
  const std::string bytes = encode(reply);
  try {
    if (impl_->socket.send(zmq::buffer(peer), zmq::send_flags::dontwait | zmq::send_flags::sndmore))
      static_cast<void>(impl_->socket.send(zmq::buffer(bytes), zmq::send_flags::dontwait));
  } catch (const zmq::error_t&) {  // gone: it asks again if it still wants to know
  }
}

std::uint64_t RequestServer::refused() const noexcept { return impl_->refused; }

struct RequestClient::Impl {
  Impl(std::string where, bool keys) : endpoint(std::move(where)), with_keys(keys) {}
  std::string endpoint;
  bool with_keys;
  zmq::context_t context{1};
  zmq::socket_t socket{context, zmq::socket_type::dealer};
};

RequestClient::RequestClient(std::unique_ptr<Impl> impl) : impl_(std::move(impl)) {}
RequestClient::RequestClient(RequestClient&&) noexcept = default;
RequestClient& RequestClient::operator=(RequestClient&&) noexcept = default;
RequestClient::~RequestClient() = default;

Result<RequestClient> RequestClient::connect(const std::string& endpoint,
                                             const std::optional<keys::Security>& security) {
  auto impl = std::make_unique<Impl>(endpoint, security.has_value());
  configure(impl->socket);
  if (security) {
    if (Result<void> done = keys::secure_client(impl->socket, security->own, security->server_key); !done)
      return Failed{done.error()};
  }
  try {
    impl->socket.connect(endpoint);
  } catch (const zmq::error_t& e) {
    return Failed{"'" + endpoint + "' is no address of a master: " + e.what() + "; tcp://HOST:PORT is"};
  }
  return RequestClient(std::move(impl));
}

bool RequestClient::send(const Request& request) {
  const std::string bytes = encode(request);
  return impl_->socket.send(zmq::buffer(bytes), zmq::send_flags::dontwait).has_value();
}

std::optional<Reply> RequestClient::receive() {
  for (;;) {
    zmq::message_t body;
    if (!impl_->socket.recv(body, zmq::recv_flags::dontwait)) return std::nullopt;
    if (body.more()) {
      last_frame(impl_->socket, body);
      continue;
    }
    if (Result<Reply> reply = decode_reply(view(body))) return *reply;
  }
}

void RequestClient::wait(const std::vector<int>& fds, Duration most) { wait_for(impl_->socket, fds, most); }

int RequestClient::fd() const { return impl_->socket.get(zmq::sockopt::fd); }

Reply RequestClient::call(const std::string& verb, Value args, Duration most) {
  const SteadyClock clock;
  const Request request{fresh_id(), verb, std::move(args)};
  const TimePoint until = clock.now() + most;
  TimePoint again{};  // with the same id: done once, however often it is asked
  for (;;) {
    while (std::optional<Reply> reply = receive()) {
      if (reply->id == request.id) return *reply;
    }
    const TimePoint now = clock.now();
    if (now >= until) break;
    if (now >= again) again = now + (send(request) ? kAskAgain : Duration::zero());
    wait({}, std::min<Duration>(until - now, std::chrono::milliseconds(100)));
  }
  const std::string where = impl_->endpoint.substr(impl_->endpoint.find("//") + 2);
  return {request.id,
          {},
          Refused{"master at " + where + " does not answer: is it running? start it with 'gale master'" +
                      (impl_->with_keys ? "; does it let in the key that is used here? see its log" : ""),
                  false}};
}

}  // namespace gale::control
