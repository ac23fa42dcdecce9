// SPDX-License-Identifier: Apache-2.0
#include "supervisor/control/channel.hpp"

#include <zmq.hpp>

#include <algorithm>
#include <map>
#include <utility>

namespace gale::control {
namespace {

constexpr int kQueue = 1000;                   // messages
constexpr std::int64_t kMostBytes = 16 << 20;  // a report of 65 535 tasks fits

std::string_view view(const zmq::message_t& m) { return {static_cast<const char*>(m.data()), m.size()}; }

}  // namespace

struct Server::Impl {
  zmq::context_t context{1};
  zmq::socket_t socket{context, zmq::socket_type::router};
  std::map<std::pair<std::uint16_t, WorkerId>, std::string> routes;  // by slot and place: where it spoke from last
  std::uint64_t refused = 0;
};

Server::Server(std::unique_ptr<Impl> impl) : impl_(std::move(impl)) {}
Server::Server(Server&&) noexcept = default;
Server::~Server() = default;

Result<Server> Server::bind(const std::string& endpoint) {
  auto impl = std::make_unique<Impl>();
  impl->socket.set(zmq::sockopt::linger, 0);
  impl->socket.set(zmq::sockopt::rcvhwm, kQueue);
  impl->socket.set(zmq::sockopt::sndhwm, kQueue);
  impl->socket.set(zmq::sockopt::maxmsgsize, kMostBytes);
  try {
    impl->socket.bind(endpoint);
  } catch (const zmq::error_t& e) {
    return Failed{"cannot bind the control socket at " + endpoint + ": " + e.what()};
  }
  return Server(std::move(impl));
}

void Server::wait(const std::vector<int>& fds, Duration most) {
  std::vector<zmq::pollitem_t> items;
  items.push_back({impl_->socket.handle(), 0, ZMQ_POLLIN, 0});
  for (const int fd : fds) items.push_back({nullptr, fd, ZMQ_POLLIN, 0});
  const auto ms = std::chrono::ceil<std::chrono::milliseconds>(std::max(most, Duration::zero()));
  try {
    zmq::poll(items, ms);
  } catch (const zmq::error_t&) {  // EINTR: the caller looks at what woke it
  }
}

std::optional<Message> Server::receive() {
  for (;;) {
    zmq::message_t id, body;
    if (!impl_->socket.recv(id, zmq::recv_flags::dontwait)) return std::nullopt;
    if (!id.more() || !impl_->socket.recv(body, zmq::recv_flags::dontwait)) {
      ++impl_->refused;
      continue;
    }
    bool more = body.more();
    while (more) {
      zmq::message_t rest;
      if (!impl_->socket.recv(rest, zmq::recv_flags::dontwait)) break;
      more = rest.more();
    }
    Result<Message> message = decode(view(body));
    if (!message) {
      ++impl_->refused;
      continue;
    }
    impl_->routes[{message->slot, message->worker}] = std::string(view(id));
    return *message;
  }
}

bool Server::send(WorkerId worker, const Message& message) {
  const auto it = impl_->routes.find({message.slot, worker});
  if (it == impl_->routes.end()) return false;
  try {
    const bool first =
        impl_->socket.send(zmq::buffer(it->second), zmq::send_flags::dontwait | zmq::send_flags::sndmore).has_value();
    return first && impl_->socket.send(zmq::buffer(encode(message)), zmq::send_flags::dontwait).has_value();
  } catch (const zmq::error_t&) {
    return false;
  }
}

std::uint64_t Server::refused() const noexcept { return impl_->refused; }

struct Client::Impl {
  zmq::context_t context{1};
  zmq::socket_t socket{context, zmq::socket_type::dealer};
};

Client::Client(const std::string& endpoint, WorkerId self, Incarnation incarnation, std::uint16_t slot)
    : impl_(std::make_unique<Impl>()) {
  impl_->socket.set(zmq::sockopt::linger, 0);
  impl_->socket.set(zmq::sockopt::sndhwm, kQueue);
  impl_->socket.set(zmq::sockopt::rcvhwm, kQueue);
  impl_->socket.set(zmq::sockopt::maxmsgsize, kMostBytes);
  impl_->socket.set(zmq::sockopt::routing_id, (slot == 0 ? "" : "s" + std::to_string(slot) + ".") + "w" +
                                                  std::to_string(self.value) + "." + std::to_string(incarnation.value));
  impl_->socket.connect(endpoint);
}

Client::~Client() = default;

void Client::send(const Message& message) {
  const std::string bytes = encode(message);
  static_cast<void>(impl_->socket.send(zmq::buffer(bytes), zmq::send_flags::dontwait));
}

std::optional<Message> Client::receive() {
  zmq::message_t body;
  if (!impl_->socket.recv(body, zmq::recv_flags::dontwait)) return std::nullopt;
  Result<Message> message = decode(view(body));
  if (!message) return std::nullopt;
  return *message;
}

void Client::close(Duration most) {
  const auto ms = std::chrono::duration_cast<std::chrono::milliseconds>(most);
  impl_->socket.set(zmq::sockopt::linger, static_cast<int>(ms.count()));
  impl_->socket.close();
  impl_->context.close();
}

}  // namespace gale::control
