// SPDX-License-Identifier: Apache-2.0
#include "supervisor/control/channel.hpp"

#include <doctest/doctest.h>
#include <sys/eventfd.h>
#include <unistd.h>
#include <zmq.hpp>

#include <cstdlib>
#include <filesystem>
#include <string>

namespace gale::control {
namespace {

using std::chrono::seconds;

struct Folder {
  Folder() {
    std::string pattern = (std::filesystem::temp_directory_path() / "gale-test-XXXXXX").string();
    REQUIRE(::mkdtemp(pattern.data()) != nullptr);
    path = pattern;
  }
  ~Folder() { std::filesystem::remove_all(path); }
  [[nodiscard]] std::string endpoint() const { return "ipc://" + path + "/control"; }
  std::string path;
};

std::optional<Message> wait_for_message(Server& server) {
  for (int i = 0; i < 200; ++i) {
    if (std::optional<Message> m = server.receive()) return m;
    server.wait({}, std::chrono::milliseconds(100));
  }
  return std::nullopt;
}

Message report_of(std::uint16_t worker, std::uint32_t incarnation) {
  Message m;
  m.worker = WorkerId(worker);
  m.incarnation = Incarnation(incarnation);
  return m;
}

template <class F>
std::optional<Message> wait_for(Client& client, F&& between) {
  for (int i = 0; i < 20000; ++i) {
    if (std::optional<Message> m = client.receive()) return m;
    between();
  }
  return std::nullopt;
}

TEST_CASE("What a worker says arrives, and an answer goes to the incarnation that spoke last") {
  Folder folder;
  Result<Server> server = Server::bind(folder.endpoint());
  REQUIRE(server);
  CHECK_FALSE(server->send(WorkerId(1), report_of(1, 0)));  // nobody has spoken from there
  Client first(folder.endpoint(), WorkerId(1), Incarnation(1));
  first.send(report_of(1, 1));
  REQUIRE(wait_for_message(*server));
  Client second(folder.endpoint(), WorkerId(1), Incarnation(2));
  second.send(report_of(1, 2));
  const auto heard = wait_for_message(*server);
  REQUIRE(heard);
  CHECK(heard->incarnation == Incarnation(2));
  Message stop;
  stop.kind = Kind::kStop;
  CHECK(server->send(WorkerId(1), stop));
  const auto told = wait_for(second, [&] { server->wait({}, std::chrono::milliseconds(1)); });
  REQUIRE(told);
  CHECK(told->kind == Kind::kStop);
  CHECK_FALSE(first.receive());
}

TEST_CASE("A worker that connects before the starter has bound is heard; close lets its last words leave") {
  Folder folder;
  std::optional<Client> client(std::in_place, folder.endpoint(), WorkerId(0), Incarnation(1));
  client->send(report_of(0, 1));
  Result<Server> server = Server::bind(folder.endpoint());
  REQUIRE(server);
  REQUIRE(wait_for_message(*server));
  Message last = report_of(0, 1);
  last.kind = Kind::kCannotStart;
  last.why = "no such file";
  client->send(last);
  client->close(seconds(5));
  client.reset();
  const auto heard = wait_for_message(*server);
  REQUIRE(heard);
  CHECK(heard->why == "no such file");
}

TEST_CASE("Garbage on the control socket is counted and passed over") {
  Folder folder;
  Result<Server> server = Server::bind(folder.endpoint());
  REQUIRE(server);
  zmq::context_t context{1};
  zmq::socket_t raw(context, zmq::socket_type::dealer);
  raw.set(zmq::sockopt::linger, 0);
  raw.connect(folder.endpoint());
  for (const std::string bytes : {"", "garbage", "\xc1"}) raw.send(zmq::buffer(bytes));
  raw.send(zmq::buffer(encode(report_of(4, 1))), zmq::send_flags::sndmore);  // a part too many is passed over
  raw.send(zmq::buffer("tail", 4));
  const auto heard = wait_for_message(*server);
  REQUIRE(heard);
  CHECK(heard->worker == WorkerId(4));
  CHECK(server->refused() == 3);
  CHECK_FALSE(server->receive());
}

TEST_CASE("wait() ends when a watched file descriptor is readable") {
  Folder folder;
  Result<Server> server = Server::bind(folder.endpoint());
  REQUIRE(server);
  const int fd = ::eventfd(1, EFD_CLOEXEC);
  const auto before = std::chrono::steady_clock::now();
  server->wait({fd}, seconds(20));
  CHECK(std::chrono::steady_clock::now() - before < seconds(10));
  ::close(fd);
}

TEST_CASE("An endpoint that cannot be bound is an error that names it") {
  const Result<Server> server = Server::bind("ipc:///nowhere/at/all/control");
  REQUIRE_FALSE(server);
  CHECK(server.error().find("ipc:///nowhere/at/all/control") != std::string::npos);
}

TEST_CASE("Places of several topologies speak over one socket, told apart by their slots") {
  Folder folder;
  Result<Server> server = Server::bind(folder.endpoint());
  REQUIRE(server);
  Client one(folder.endpoint(), WorkerId(0), Incarnation(1), 6700),
      two(folder.endpoint(), WorkerId(0), Incarnation(1), 6701);
  for (Client* client : {&one, &two}) {
    Message m = report_of(0, 1);
    m.slot = client == &one ? 6700 : 6701;
    client->send(m);
    const auto heard = wait_for_message(*server);
    REQUIRE(heard);
    CHECK(heard->slot == m.slot);
  }
  for (Client* client : {&one, &two}) {
    Message order = report_of(0, 1);
    order.kind = Kind::kDrain;
    order.slot = client == &one ? 6700 : 6701;
    order.told = order.slot;
    REQUIRE(server->send(WorkerId(0), order));
    const auto got = wait_for(*client, [&] { server->wait({}, std::chrono::milliseconds(1)); });
    REQUIRE(got);
    CHECK(got->told == order.slot);
  }
  Message none = report_of(0, 1);
  none.slot = 6702;
  CHECK_FALSE(server->send(WorkerId(0), none));
}

}  // namespace
}  // namespace gale::control
