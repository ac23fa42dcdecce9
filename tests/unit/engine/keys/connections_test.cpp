// SPDX-License-Identifier: Apache-2.0
//
// Connections, with sockets of the kernel and a listener that the test accepts from as ZeroMQ would.
#include "engine/keys/connections.hpp"

#include <doctest/doctest.h>
#include <netinet/in.h>
#include <poll.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cerrno>
#include <string>
#include <utility>
#include <vector>

namespace gale::keys {
namespace {

using std::chrono::milliseconds;

struct Listener {
  Listener() {
    sockaddr_in at{};
    at.sin_family = AF_INET;
    at.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    REQUIRE(::bind(fd, reinterpret_cast<sockaddr*>(&at), sizeof at) == 0);
    REQUIRE(::listen(fd, 64) == 0);
    socklen_t size = sizeof address;
    REQUIRE(::getsockname(fd, reinterpret_cast<sockaddr*>(&address), &size) == 0);
  }
  ~Listener() {
    for (const int one : all) ::close(one);
    ::close(fd);
  }
  struct Pair {
    int caller, here;
  };
  Pair connect(std::size_t says = 0) {
    Pair pair{::socket(AF_INET, SOCK_STREAM, 0), -1};
    REQUIRE(::connect(pair.caller, reinterpret_cast<sockaddr*>(&address), sizeof address) == 0);
    pair.here = ::accept(fd, nullptr, nullptr);
    REQUIRE(pair.here >= 0);
    all.insert(all.end(), {pair.caller, pair.here});
    if (says == 0) return pair;
    const std::string text(says, 'x');
    REQUIRE(::send(pair.caller, text.data(), text.size(), 0) == static_cast<ssize_t>(says));
    pollfd arrived{pair.here, POLLIN, 0};
    REQUIRE(::poll(&arrived, 1, 10000) == 1);
    return pair;
  }
  int fd = ::socket(AF_INET, SOCK_STREAM, 0);
  sockaddr_in address{};
  std::vector<int> all;
};

/// Whether the caller has been told that it is over; never waits, since shutdown() tells at once on this machine.
bool was_cut(const Listener::Pair& pair) {
  char byte = 0;
  pollfd end{pair.caller, POLLIN, 0};
  return ::poll(&end, 1, 0) == 1 && ::recv(pair.caller, &byte, 1, MSG_DONTWAIT) == 0;
}

TEST_CASE("Beyond the bound the young connection that has said least is cut, the oldest of these") {
  Listener listener;
  Connections connections(3);
  connections.listening(listener.fd);
  const TimePoint now{};
  const auto spoke = listener.connect(600), silent = listener.connect(), later = listener.connect();
  for (const auto& one : {spoke, silent, later}) connections.accepted(one.here, now);
  CHECK(connections.cut() == 0);
  const auto fourth = listener.connect(100);
  connections.accepted(fourth.here, now);
  CHECK(was_cut(silent));
  CHECK(connections.cut() == 1);
  const auto fifth = listener.connect(100);
  connections.accepted(fifth.here, now);
  CHECK(was_cut(later));
  for (const auto& one : {spoke, fourth, fifth}) CHECK_FALSE(was_cut(one));
}

TEST_CASE("Who has been here for longer than a handshake takes is no stranger any more") {
  Listener listener;
  Connections connections(1);
  connections.listening(listener.fd);
  const TimePoint now{};
  const auto old = listener.connect();
  connections.accepted(old.here, now);
  const auto fresh = listener.connect();
  connections.accepted(fresh.here, now + milliseconds(2501));
  CHECK(connections.cut() == 0);
  const auto third = listener.connect();
  connections.accepted(third.here, now + milliseconds(2502));
  CHECK(was_cut(fresh));
  CHECK_FALSE(was_cut(old));
}

TEST_CASE("A descriptor that is meanwhile something else is left alone") {
  Listener listener, other;  // the other one's port is not guarded: a plugin's, say
  Connections connections(1);
  connections.listening(listener.fd);
  const auto gone = listener.connect(), kept = other.connect();
  connections.accepted(gone.here, TimePoint{});
  REQUIRE(::dup2(kept.here, gone.here) == gone.here);  // closed, and its number given to somebody else
  const auto one = listener.connect(100), two = listener.connect(100);
  connections.accepted(one.here, TimePoint{});
  connections.accepted(two.here, TimePoint{});
  CHECK_FALSE(was_cut(kept));
  CHECK(was_cut(one));
}

TEST_CASE("When a key goes all who are connected to a guarded port are cut, and nobody else") {
  Listener listener, other;
  Connections connections(8);
  connections.listening(listener.fd);
  const auto a = listener.connect(600), b = listener.connect(), c = other.connect();
  connections.accepted(a.here, TimePoint{});
  connections.cut_all();
  CHECK(was_cut(a));
  CHECK(was_cut(b));
  CHECK_FALSE(was_cut(c));
  CHECK(connections.cut() == 2);
  const auto back = listener.connect();  // the listener itself goes on
  CHECK_FALSE(was_cut(back));
}

TEST_CASE("Without a descriptor left and nobody young to cut, the reserve goes, and who is accepted by it is cut") {
  Listener listener;
  Connections connections(8);
  connections.listening(listener.fd);
  connections.accept_failed(ECONNABORTED, TimePoint{});  // no shortage
  CHECK_FALSE(connections.shedding());
  connections.accept_failed(EMFILE, TimePoint{});
  CHECK(connections.shedding());
  const auto one = listener.connect();
  connections.accepted(one.here, TimePoint{});
  CHECK(was_cut(one));
  CHECK_FALSE(connections.shedding());  // there are descriptors again: it has its reserve back
}

TEST_CASE("Without a descriptor left half of the silent young ones are cut first") {
  Listener listener;
  Connections connections(4);
  connections.listening(listener.fd);
  std::vector<Listener::Pair> all;
  for (int i = 0; i < 4; ++i) {
    all.push_back(listener.connect(i == 0 ? 600 : 0));
    connections.accepted(all.back().here, TimePoint{});
  }
  connections.accept_failed(EMFILE, TimePoint{});
  CHECK_FALSE(connections.shedding());
  CHECK(connections.cut() == 2);
  CHECK_FALSE(was_cut(all[0]));
  CHECK(was_cut(all[1]));
  CHECK(was_cut(all[2]));
  CHECK_FALSE(was_cut(all[3]));
}

TEST_CASE("The bound is a quarter of what the process may open") {
  rlimit before{};
  REQUIRE(::getrlimit(RLIMIT_NOFILE, &before) == 0);
  for (const auto& [limit, share] : {std::pair<rlim_t, std::size_t>{128, 32}, {20, 8}}) {
    const rlimit lower{limit, before.rlim_max};
    REQUIRE(::setrlimit(RLIMIT_NOFILE, &lower) == 0);
    CHECK(Connections::share_of_limit() == share);
  }
  REQUIRE(::setrlimit(RLIMIT_NOFILE, &before) == 0);
}

}  // namespace
}  // namespace gale::keys
