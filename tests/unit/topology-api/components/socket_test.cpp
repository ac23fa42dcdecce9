// SPDX-License-Identifier: Apache-2.0
//
// socket.LineSpout against a server of the test's own, on loopback. Readiness is waited for with poll(), as the engine
// does; the clock is the test's.
#include "refusal.hpp"
#include "tests/support/fake_host.hpp"
#include "topology-api/components/socket/line_spout.hpp"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <poll.h>
#include <unistd.h>

#include <utility>

namespace gale::stock::socket {
namespace {

using std::chrono::milliseconds;
using test::Cells;
using test::FakeHost;

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

host::TaskInfo task(int port, Value::Map more = {}) {
  more.emplace("host", "127.0.0.1");
  more["port"] = port;
  return {.topology = "t", .component = "lines", .config = std::move(more), .inputs = {}};
}
/// Calls next() until it waits for something; what for.
std::uint32_t run(FakeHost& host) {
  do {
    REQUIRE(host.next(10));
  } while (host.last_run.state == GALE_NEXT_EMITTED);
  return host.last_run.state;
}
/// Until the connection stands: on loopback it may take a look or two.
void connect(FakeHost& host, Server& server) {
  for (int i = 0; i < 1000 && run(host) == GALE_NEXT_UNTIL; ++i) host.now_ns += 1'000'000;
  REQUIRE(host.last_run.state == GALE_NEXT_WOKEN);
  server.accept();
}
/// The bytes that were sent have come in, or the end has.
void arrived(const FakeHost& host) { wait_readable(host.watched.back()); }

TEST_CASE("It emits the lines of a server, tracked, as they come in whatever pieces") {
  Server server;
  FakeHost host(test::component_of<LineSpout>(), task(server.port()));
  connect(host.started(), server);
  server.send("one\ntw");
  arrived(host);
  CHECK(run(host) == GALE_NEXT_WOKEN);
  CHECK(host.emitted() == std::vector<Cells>{{"one"}});
  server.send("o\n\xff\n");
  arrived(host);
  run(host);
  CHECK(host.emitted() == std::vector<Cells>{{"one"}, {"two"}, {"\xff"}});
  CHECK(host.records[0].head.flags == (GALE_TRACKED | GALE_REPLAY_BY_ENGINE));
}

TEST_CASE("When the server closes, half a line is a line, and it comes back after a wait") {
  Server server;
  FakeHost host(test::component_of<LineSpout>(), task(server.port(), {{"reconnect_ms", 1000}}));
  connect(host.started(), server);
  server.send("one\nhalf");
  server.hang_up();
  arrived(host);
  CHECK(run(host) == GALE_NEXT_UNTIL);
  CHECK(host.emitted() == std::vector<Cells>{{"one"}, {"half"}});
  CHECK(host.last_run.until_ns - host.now_ns >= 500'000'000);
  CHECK(host.last_run.until_ns - host.now_ns <= 1'000'000'000);
  host.now_ns = host.last_run.until_ns;
  connect(host, server);
  server.send("again\n");
  arrived(host);
  run(host);
  CHECK(host.emitted().back() == Cells{"again"});
  CHECK(host.counters["connects"] == 2);
}

TEST_CASE("When the connection breaks, half a line is dropped and counted") {
  Server server;
  FakeHost host(test::component_of<LineSpout>(), task(server.port()));
  connect(host.started(), server);
  server.send("one\nhalf");
  arrived(host);
  run(host);
  server.reset();
  arrived(host);
  CHECK(run(host) == GALE_NEXT_UNTIL);
  CHECK(host.emitted() == std::vector<Cells>{{"one"}});
  CHECK(host.counters["torn_lines"] == 1);
}

TEST_CASE("The end of the connection is the end of the input, if so wanted") {
  Server server;
  FakeHost host(test::component_of<LineSpout>(), task(server.port(), {{"on_close", "finish"}}));
  connect(host.started(), server);
  server.send("one");
  server.hang_up();
  arrived(host);
  CHECK(run(host) == GALE_NEXT_FINISHED);
  CHECK(host.emitted() == std::vector<Cells>{{"one"}});
}

TEST_CASE("A server that is not there is tried again with growing waits, and told once") {
  int port = 0;
  {
    const Server gone;
    port = gone.port();
  }
  FakeHost host(test::component_of<LineSpout>(), task(port, {{"reconnect_ms", 100}, {"reconnect_max_ms", 1000}}));
  host.started();
  std::int64_t longest = 0;
  for (int i = 0; i < 10; ++i) {
    REQUIRE(run(host) == GALE_NEXT_UNTIL);
    longest = host.last_run.until_ns - host.now_ns;
    host.now_ns = host.last_run.until_ns;
  }
  CHECK(longest >= 500'000'000);
  CHECK(longest <= 1'000'000'000);
  REQUIRE(host.logs.size() == 1);
  CHECK(host.logs[0].second.find("Connection refused") != std::string::npos);
}

TEST_CASE("A name is resolved on another thread, which wakes the task") {
  Server server;
  FakeHost host(test::component_of<LineSpout>(), task(server.port(), {{"host", "localhost"}}));
  host.started();
  REQUIRE(run(host) == GALE_NEXT_WOKEN);
  for (int i = 0; i < 10'000 && host.wakes == 0; ++i) ::usleep(1000);  // a deadline of ten seconds
  REQUIRE(host.wakes > 0);
  CHECK(host.posted());
  for (int i = 0; i < 1000 && run(host) == GALE_NEXT_UNTIL; ++i) host.now_ns += 1'000'000'000;
  server.accept();
  CHECK(host.counters["connects"] == 1);
}

TEST_CASE("What is not read stays with the sender: no more than a line and a chunk are held") {
  Server server;
  FakeHost host(test::component_of<LineSpout>(), task(server.port(), {{"max_line_bytes", 100}}));
  connect(host.started(), server);
  server.send(std::string(1000, 'x'));
  arrived(host);
  run(host);
  server.send("x\nshort\n");
  arrived(host);
  run(host);
  CHECK(host.emitted() == std::vector<Cells>{{std::string(100, 'x')}, {"short"}});
  CHECK(host.counters["long_lines"] == 1);
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
  CHECK(test::refusal(test::component_of<LineSpout>(), task(0)) == "key 'port' is 0; it may be 1 to 65535");
  CHECK(test::refusal(test::component_of<LineSpout>(), task(1, {{"on_close", "weep"}})) ==
        "key 'on_close' is 'weep'; it may be reconnect or finish");
}

}  // namespace
}  // namespace gale::stock::socket
