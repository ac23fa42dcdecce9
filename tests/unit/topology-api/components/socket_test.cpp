// SPDX-License-Identifier: Apache-2.0
//
// socket.LineSpout against a server of the test's own, on loopback. Readiness is waited for with poll(), as the engine
// does; the clock is the test's.
#include "orders.hpp"
#include "topology-api/components/socket/line_spout.hpp"

#include <arpa/inet.h>
#include <doctest/doctest.h>
#include <netinet/in.h>
#include <poll.h>
#include <unistd.h>

#include <utility>

namespace gale::stock::socket {
namespace {

using namespace std::chrono_literals;
using std::chrono::milliseconds;
using test::Rows, test::Said;
using Lines = test::Harness<LineSpout>;

void wait_readable(int fd) {
  pollfd one{fd, POLLIN, 0};
  REQUIRE(::poll(&one, 1, 10'000) == 1);
}

class Server {
 public:
  Server() : listener_(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0)) {
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    socklen_t size = sizeof address;
    REQUIRE(::bind(listener_, reinterpret_cast<sockaddr*>(&address), size) == 0);
    REQUIRE(::listen(listener_, 5) == 0);
    REQUIRE(::getsockname(listener_, reinterpret_cast<sockaddr*>(&address), &size) == 0);
    port_ = ntohs(address.sin_port);
  }
  ~Server() {
    hang_up();
    ::close(listener_);
  }
  [[nodiscard]] int port() const { return port_; }
  void accept() {
    wait_readable(listener_);
    peer_ = ::accept(listener_, nullptr, nullptr);
    REQUIRE(peer_ >= 0);
  }
  void send(std::string_view bytes) {
    REQUIRE(::send(peer_, bytes.data(), bytes.size(), MSG_NOSIGNAL) == static_cast<ssize_t>(bytes.size()));
  }
  void hang_up() {
    if (peer_ >= 0) ::close(std::exchange(peer_, -1));
  }
  void reset() {  // as a peer that crashes
    const linger now{1, 0};
    ::setsockopt(peer_, SOL_SOCKET, SO_LINGER, &now, sizeof now);
    hang_up();
  }

 private:
  int listener_, peer_ = -1, port_ = 0;
};

Value::Map config(int port, Value::Map more = {}) {
  more.emplace("host", "127.0.0.1");
  more["port"] = port;
  return more;
}
/// Until the connection stands: on loopback it may take a look or two.
void connect(Lines& lines, Server& server) {
  lines.run();
  for (int i = 0; i < 1000 && lines.said() == Said::idle_until; ++i) lines.advance(1ms);
  REQUIRE(lines.said() == Said::idle_until_woken);
  server.accept();
}
/// The bytes that were sent, or the end, have come in and were read.
Said arrived(Lines& lines) {
  wait_readable(lines.watched().back());
  return lines.run();
}

TEST_CASE("It emits the lines of a server, tracked, as they come in whatever pieces") {
  Server server;
  Lines lines(config(server.port()));
  connect(lines, server);
  server.send("one\ntw");
  CHECK(arrived(lines) == Said::idle_until_woken);
  CHECK(lines.emitted() == Rows{{"one"}});
  server.send("o\n\xff\n");
  arrived(lines);
  CHECK(lines.emitted() == Rows{{"one"}, {"two"}, {"\xff"}});
  CHECK(lines.pending().size() == 3);
  CHECK(lines.emitted()[0].replay == Replay::engine);
}

TEST_CASE("When the server closes, half a line is a line, and it comes back after a wait") {
  Server server;
  Lines lines(config(server.port(), {{"reconnect_ms", 1000}}));
  connect(lines, server);
  server.send("one\nhalf");
  server.hang_up();
  CHECK(arrived(lines) == Said::idle_until);
  CHECK(lines.emitted() == Rows{{"one"}, {"half"}});
  CHECK(lines.idle_until() - lines.now() >= 500ms);
  CHECK(lines.idle_until() - lines.now() <= 1s);
  lines.jump(lines.idle_until() - lines.now());
  connect(lines, server);
  server.send("again\n");
  arrived(lines);
  CHECK(lines.emitted().back().values == Value::Array{"again"});
  CHECK(lines.counter("connects") == 2);
}

TEST_CASE("When the connection breaks, half a line is dropped and counted") {
  Server server;
  Lines lines(config(server.port()));
  connect(lines, server);
  server.send("one\nhalf");
  arrived(lines);
  server.reset();
  CHECK(arrived(lines) == Said::idle_until);
  CHECK(lines.emitted() == Rows{{"one"}});
  CHECK(lines.counter("torn_lines") == 1);
}

TEST_CASE("The end of the connection is the end of the input, if so wanted") {
  Server server;
  Lines lines(config(server.port(), {{"on_close", "finish"}}));
  connect(lines, server);
  server.send("one");
  server.hang_up();
  CHECK(arrived(lines) == Said::finished);
  CHECK(lines.emitted() == Rows{{"one"}});
}

TEST_CASE("A server that is not there is tried again with growing waits, and told once") {
  int port = 0;
  {
    const Server gone;
    port = gone.port();
  }
  Lines lines(config(port, {{"reconnect_ms", 100}, {"reconnect_max_ms", 1000}}));
  Lines::Duration longest{};
  for (int i = 0; i < 10; ++i) {
    REQUIRE(lines.run() == Said::idle_until);
    longest = lines.idle_until() - lines.now();
    lines.jump(longest);
  }
  CHECK(longest >= 500ms);
  CHECK(longest <= 1s);
  REQUIRE(lines.logs().size() == 1);
  CHECK(lines.logs()[0].text.find("Connection refused") != std::string::npos);
}

TEST_CASE("A name is resolved on another thread, which wakes the task") {
  Server server;
  Lines lines(config(server.port(), {{"host", "localhost"}}));
  REQUIRE(lines.run() == Said::idle_until_woken);
  REQUIRE(lines.await());
  for (int i = 0; i < 1000 && lines.said() == Said::idle_until; ++i) lines.advance(1s);
  server.accept();
  CHECK(lines.counter("connects") == 1);
}

TEST_CASE("What is not read stays with the sender: no more than a line and a chunk are held") {
  Server server;
  Lines lines(config(server.port(), {{"max_line_bytes", 100}}));
  connect(lines, server);
  server.send(std::string(1000, 'x'));
  arrived(lines);
  server.send("x\nshort\n");
  arrived(lines);
  CHECK(lines.emitted() == Rows{{std::string(100, 'x')}, {"short"}});
  CHECK(lines.counter("long_lines") == 1);
}

TEST_CASE("Waits double with jitter up to the longest, and begin anew after success") {
  Backoff backoff(milliseconds(100), milliseconds(350));
  CHECK(backoff.next(0) == milliseconds(50));
  CHECK(backoff.next(1023) == milliseconds(200));
  CHECK(backoff.next(1023) == milliseconds(350));
  for (int i = 0; i < 100; ++i) CHECK(backoff.next(1023) == milliseconds(350));
  backoff.succeeded();
  CHECK(backoff.next(1023) == milliseconds(100));
}

TEST_CASE("A wrong key is refused where the topology is checked") {
  CHECK(testkit::refusal<LineSpout>(config(0)) == "key 'port' is 0; it may be 1 to 65535");
  CHECK(testkit::refusal<LineSpout>(config(1, {{"on_close", "weep"}})) ==
        "key 'on_close' is 'weep'; it may be reconnect or finish");
}

}  // namespace
}  // namespace gale::stock::socket
