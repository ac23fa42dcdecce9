// SPDX-License-Identifier: Apache-2.0
//
// Strangers at a door: every way in which a socket may be reached without a key that is let in. The eleven cases, and
// what of ZeroMQ's own behaviour makes each worth asking, are told in engine/keys/README.md.
#include "engine/keys/gate.hpp"

#include "engine/base/log.hpp"
#include "engine/keys/key_file.hpp"
#include "tests/unit/engine/keys/scratch.hpp"

#include <doctest/doctest.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include <atomic>
#include <chrono>
#include <csignal>
#include <cstring>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <thread>
#include <zmq.hpp>

namespace gale::keys {
namespace {

namespace fs = std::filesystem;
using std::chrono::milliseconds;
using std::chrono::seconds;

constexpr Roles kWorkers{Role::kWorker};

bool soon(const std::function<bool()>& condition, milliseconds most = seconds(20)) {
  const auto deadline = std::chrono::steady_clock::now() + most;
  while (!condition()) {
    if (std::chrono::steady_clock::now() > deadline) return false;
    std::this_thread::sleep_for(milliseconds(1));
  }
  return true;
}

/// A listening socket behind a gate, as a worker has it.
class Door {
 public:
  explicit Door(zmq::socket_type type = zmq::socket_type::pull, std::function<void(std::string_view)> died = {}) {
    log::start(log::Level::kOff, "");
    fs::create_directory(authorized_path(scratch.path));
    auto opened = Gate::open(context, {.authorized = authorized_path(scratch.path), .died = std::move(died)});
    REQUIRE_MESSAGE(opened, opened.error());
    gate = std::move(*opened);
    socket = listener(type);
    endpoint = socket.get(zmq::sockopt::last_endpoint);
  }
  zmq::socket_t listener(zmq::socket_type type) {
    zmq::socket_t made(context, type);
    made.set(zmq::sockopt::linger, 0);
    made.set(zmq::sockopt::rcvtimeo, 20000);
    const Result<void> secured = gate->secure_server(made, own, kWorkers);
    REQUIRE_MESSAGE(secured, secured.error());
    made.set(zmq::sockopt::handshake_ivl, 300);  // who is refused waits so long
    made.bind("tcp://127.0.0.1:*");
    return made;
  }
  void let_in(const std::string& name, const KeyPair& pair) {
    const auto before = gate->counters().reloads;
    REQUIRE(authorize(scratch.path, name, pair.public_key));
    REQUIRE(soon([&] { return gate->counters().reloads > before; }));
  }
  void revoke(const std::string& name) {
    const auto before = gate->counters().reloads;
    REQUIRE(fs::remove(authorized_path(scratch.path) / (name + ".pub")));
    REQUIRE(soon([&] { return gate->counters().reloads > before; }));
  }
  /// The next message, whoever sent it; "" when none comes.
  std::string receive(zmq::message_t* as = nullptr) {
    zmq::message_t message;
    if (!socket.recv(message)) return "";
    std::string text = message.to_string();
    if (as != nullptr) *as = std::move(message);
    return text;
  }
  bool empty() {
    zmq::message_t message;
    return !socket.recv(message, zmq::recv_flags::dontwait);
  }

  Scratch scratch;
  KeyPair own = generate();
  zmq::context_t context{1};
  std::unique_ptr<Gate> gate;
  zmq::socket_t socket;
  std::string endpoint;
};

/// Somebody at the door, with a context of his own, who sees how his handshake ends.
class Caller {
 public:
  Caller(const std::string& endpoint, const std::string& says, const std::optional<KeyPair>& own = {},
         const std::string& server_key = {}, zmq::socket_type type = zmq::socket_type::push,
         const std::string& routing_id = {})
      : socket_(context_, type) {
    socket_.set(zmq::sockopt::linger, 0);
    socket_.set(zmq::sockopt::reconnect_ivl, 50);
    socket_.set(zmq::sockopt::handshake_ivl, 1000);  // without a handler the server never says anything
    if (!routing_id.empty()) socket_.set(zmq::sockopt::routing_id, routing_id);
    if (own) REQUIRE(secure_client(socket_, *own, server_key));
    REQUIRE(zmq_socket_monitor(socket_.handle(), "inproc://events", ZMQ_EVENT_ALL) == 0);
    events_ = zmq::socket_t(context_, zmq::socket_type::pair);
    events_.connect("inproc://events");
    socket_.connect(endpoint);
    say(says);
  }
  void say(const std::string& text) { static_cast<void>(socket_.send(zmq::buffer(text), zmq::send_flags::dontwait)); }
  bool was_let_in() { return ended() == ZMQ_EVENT_HANDSHAKE_SUCCEEDED; }
  bool was_refused() {
    const int end = ended();
    return end != 0 && end != ZMQ_EVENT_HANDSHAKE_SUCCEEDED;
  }
  bool hears(int wanted) {
    for (int event = next(); event != 0; event = next()) {
      if (event == wanted) return true;
    }
    return false;
  }
  zmq::socket_t& socket() { return socket_; }

 private:
  int next() {
    events_.set(zmq::sockopt::rcvtimeo, 20000);
    zmq::message_t event, address;
    if (!events_.recv(event) || !events_.recv(address)) return 0;
    std::uint16_t what = 0;
    std::memcpy(&what, event.data(), sizeof what);
    return what;
  }
  int ended() {
    for (int event = next(); event != 0; event = next()) {
      switch (event) {
        case ZMQ_EVENT_HANDSHAKE_SUCCEEDED:
        case ZMQ_EVENT_HANDSHAKE_FAILED_NO_DETAIL:
        case ZMQ_EVENT_HANDSHAKE_FAILED_PROTOCOL:
        case ZMQ_EVENT_HANDSHAKE_FAILED_AUTH:
        case ZMQ_EVENT_DISCONNECTED:
          return event;
        default:
          break;
      }
    }
    return 0;
  }
  zmq::context_t context_{1};
  zmq::socket_t socket_, events_;
};

/// Nothing has come in, and somebody with a key still can.
void check_door_holds(Door& door, const KeyPair& worker) {
  Caller good(door.endpoint, "good", worker, door.own.public_key);
  CHECK(good.was_let_in());
  CHECK(door.receive() == "good");
  CHECK(door.empty());
}

TEST_CASE("1-4: without a key nobody comes in, whatever the list holds") {
  for (const bool someone_listed : {false, true}) {
    Door door;
    const KeyPair worker = generate();
    if (someone_listed) door.let_in("worker", worker);
    Caller stranger(door.endpoint, "stranger");
    CHECK(stranger.was_refused());
    CHECK(door.empty());
    if (!someone_listed) door.let_in("worker", worker);
    check_door_holds(door, worker);
  }
}

TEST_CASE("5, 10, 11: the server's public key alone opens nothing") {
  Door door;
  const KeyPair worker = generate();
  door.let_in("worker", worker);
  Caller stranger(door.endpoint, "stranger", generate(), door.own.public_key);
  CHECK(stranger.was_refused());
  CHECK(door.gate->counters().refused >= 1);
  CHECK(door.socket.get(zmq::sockopt::zap_domain) == "gale:worker");  // without one nobody would be asked
  check_door_holds(door, worker);
}

TEST_CASE("6, 7: while nobody is there to ask, nobody comes in") {
  Door door;
  const KeyPair worker = generate();
  door.let_in("worker", worker);
  check_door_holds(door, worker);
  door.gate.reset();  // the handler has gone, its sockets live on
  Caller listed(door.endpoint, "listed", worker, door.own.public_key);
  Caller fresh(door.endpoint, "fresh", generate(), door.own.public_key);
  Caller plain(door.endpoint, "plain");
  CHECK(listed.was_refused());
  CHECK(fresh.was_refused());
  CHECK(plain.was_refused());
  CHECK(door.empty());
}

TEST_CASE("8: who expects another server's key comes in nowhere, and tells it nothing") {
  Door door;
  const KeyPair worker = generate();
  door.let_in("worker", worker);
  Caller mistaken(door.endpoint, "mistaken", worker, generate().public_key);
  CHECK(mistaken.was_refused());
  check_door_holds(door, worker);
}

TEST_CASE("9: a key on the list comes in, and each message says whose it is") {
  Door door;
  const KeyPair worker = generate(), client = generate();
  door.let_in("worker-7", worker);
  door.let_in("client", client);
  Caller caller(door.endpoint, "hello", worker, door.own.public_key);
  CHECK(caller.was_let_in());
  zmq::message_t message;
  CHECK(door.receive(&message) == "hello");
  CHECK(user_of(message) == worker.public_key);
  CHECK(*door.gate->admits(user_of(message), kWorkers) == "worker-7");
  CHECK_FALSE(door.gate->admits(user_of(message), {Role::kClient, Role::kSupervisor}));
  Caller other(door.endpoint, "another role", client, door.own.public_key);
  CHECK(other.was_refused());
  CHECK(door.empty());
}

TEST_CASE("A message that came without a key is nobody's") {
  Door door;
  zmq::socket_t open(door.context, zmq::socket_type::pull);  // as a bug of ours might leave one in the context
  open.bind("tcp://127.0.0.1:*");
  Caller stranger(open.get(zmq::sockopt::last_endpoint), "stranger");
  zmq::message_t message;
  REQUIRE(open.recv(message));
  CHECK(user_of(message).empty());
  CHECK_FALSE(door.gate->admits(user_of(message), kWorkers));
}

TEST_CASE("A key that is taken away loses its connections at once, and what was under way is nobody's") {
  Door door;
  const KeyPair worker = generate(), other = generate();
  door.let_in("worker", worker);
  door.let_in("worker-other", other);
  Caller caller(door.endpoint, "before", worker, door.own.public_key);
  Caller idle(door.endpoint, "", worker, door.own.public_key);
  Caller good(door.endpoint, "good before", other, door.own.public_key);
  REQUIRE(caller.was_let_in());
  REQUIRE(idle.was_let_in());
  REQUIRE(good.was_let_in());
  zmq::message_t before;
  for (int i = 0; i < 3; ++i) {
    zmq::message_t message;
    if (door.receive(&message) == "before") before = std::move(message);
  }
  REQUIRE(door.gate->admits(user_of(before), kWorkers));
  door.revoke("worker");
  CHECK_FALSE(door.gate->admits(user_of(before), kWorkers));
  CHECK(caller.hears(ZMQ_EVENT_DISCONNECTED));
  CHECK(idle.hears(ZMQ_EVENT_DISCONNECTED));
  for (int i = 0; i < 100; ++i) caller.say("after");
  CHECK(soon([&] { return door.gate->counters().refused >= 2; }));  // both try again
  CHECK(good.hears(ZMQ_EVENT_HANDSHAKE_SUCCEEDED));                 // cut, too, and back
  good.say("good after");
  CHECK(door.receive() == "good after");
  CHECK(door.empty());
}

TEST_CASE("A key that is let in later is let in: who was refused has gone on trying") {
  Door door;
  const KeyPair worker = generate();
  Caller caller(door.endpoint, "hello", worker, door.own.public_key);
  CHECK(caller.was_refused());
  CHECK(door.empty());
  door.let_in("worker", worker);
  CHECK(door.receive() == "hello");
}

TEST_CASE("The list may come late, as a whole, by a rename") {
  Door door;
  const KeyPair worker = generate();
  const fs::path folder = authorized_path(door.scratch.path);
  fs::remove_all(folder);
  Caller caller(door.endpoint, "hello", worker, door.own.public_key);
  CHECK(caller.was_refused());
  REQUIRE(authorize(door.scratch.path / "elsewhere", "worker", worker.public_key));
  fs::rename(authorized_path(door.scratch.path / "elsewhere"), folder);
  CHECK(door.receive() == "hello");
  const KeyPair late = generate();
  door.let_in("worker-late", late);  // the new folder is the one that is watched
  Caller second(door.endpoint, "late", late, door.own.public_key);
  CHECK(door.receive() == "late");
}

TEST_CASE("A stranger who claims another's routing id cannot lock him out: he has no id before he is let in") {
  Door door(zmq::socket_type::router);
  const KeyPair worker = generate();
  door.let_in("worker", worker);
  Caller thief(door.endpoint, "stolen", generate(), door.own.public_key, zmq::socket_type::dealer, "w1");
  CHECK(thief.was_refused());
  Caller owner(door.endpoint, "mine", worker, door.own.public_key, zmq::socket_type::dealer, "w1");
  CHECK(owner.was_let_in());
  CHECK(door.receive() == "w1");
  CHECK(door.receive() == "mine");
  CHECK(door.empty());
}

TEST_CASE("A process whose gate has died ends: nobody is let in unasked") {
  const pid_t child = ::fork();  // a context is made only after it
  if (child == 0) {
    ::alarm(30);
    ::signal(SIGABRT, SIG_DFL);
    log::start(log::Level::kOff, "");
    zmq::context_t context{1};
    Scratch scratch;
    auto gate = Gate::open(context, {.authorized = scratch.path, .died = {}});
    context.shutdown();  // what the thread stands on is gone
    ::pause();
    ::_exit(0);
  }
  int status = 0;
  REQUIRE(::waitpid(child, &status, 0) == child);
  CHECK(WIFSIGNALED(status));
  CHECK(WTERMSIG(status) == SIGABRT);
}

TEST_CASE("A gate that is told to stop does not end the process, one that dies tells why") {
  std::atomic<int> deaths{0};
  {
    Door door(zmq::socket_type::pull, [&](std::string_view) { ++deaths; });
  }
  CHECK(deaths == 0);
  {
    Door door(zmq::socket_type::pull, [&](std::string_view why) { deaths += why.empty() ? 0 : 1; });
    door.context.shutdown();
    CHECK(soon([&] { return deaths == 1; }));
  }
}

TEST_CASE("One context has one gate") {
  Door door;
  const auto second = Gate::open(door.context, {.authorized = door.scratch.path, .died = {}});
  REQUIRE_FALSE(second);
  CHECK(second.error().find("cannot check keys: Address already in use") == 0);
}

}  // namespace
}  // namespace gale::keys
