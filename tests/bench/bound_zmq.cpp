// SPDX-License-Identifier: Apache-2.0
//
// bench_bound_zmq COUNT [ipc|tcp|curve]: const -> identity -> null over two processes and raw ZeroMQ, in messages of
// 128 KB: this process packs and reads at the end, a child reads and packs between. Every record crosses twice. One
// thread of ours in each process, at most kFlying messages under way. Over unix sockets, tcp at 127.0.0.1, or that with
// CURVE. Prints tuples a second.
#include "bound.hpp"

#include <sys/wait.h>
#include <unistd.h>
#include <zmq.h>

#include <array>
#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <optional>
#include <string>
#include <vector>

namespace bench {
namespace {

constexpr std::size_t kMessage = 128 << 10;
constexpr int kFlying = 8;

void must(bool ok, const char* what) {
  if (ok) return;
  std::fprintf(stderr, "bench_bound_zmq: %s: %s\n", what, zmq_strerror(zmq_errno()));
  std::exit(1);
}

/// A message to fill: as long as it may become, sent as long as it is.
class Message {
 public:
  std::uint8_t* begin() { return buffer_.data(); }
  bool full(const std::uint8_t* at) const { return at + kMost > buffer_.data() + kMessage; }
  void send(void* socket, const std::uint8_t* end) {
    const auto size = static_cast<std::size_t>(end - buffer_.data());
    must(zmq_send(socket, buffer_.data(), size, 0) == static_cast<int>(size), "send");
  }

 private:
  std::vector<std::uint8_t> buffer_ = std::vector<std::uint8_t>(kMessage);
};

using Key = std::array<char, 41>;

/// One pair for both ends; none: without CURVE.
struct Keys {
  Key open{}, secret{};
};

void secure(void* socket, const Keys& keys, bool server) {
  const int on = 1;
  if (server) {
    must(zmq_setsockopt(socket, ZMQ_CURVE_SERVER, &on, sizeof on) == 0, "curve");
  } else {
    must(zmq_setsockopt(socket, ZMQ_CURVE_SERVERKEY, keys.open.data(), 41) == 0, "server key");
    must(zmq_setsockopt(socket, ZMQ_CURVE_PUBLICKEY, keys.open.data(), 41) == 0, "public key");
  }
  must(zmq_setsockopt(socket, ZMQ_CURVE_SECRETKEY, keys.secret.data(), 41) == 0, "secret key");
}

void* open(void* context, const std::string& address, bool bind, const std::optional<Keys>& keys) {
  void* const socket = zmq_socket(context, ZMQ_PAIR);
  const int linger = 0;
  zmq_setsockopt(socket, ZMQ_LINGER, &linger, sizeof linger);
  if (keys) secure(socket, *keys, bind);
  must((bind ? zmq_bind(socket, address.c_str()) : zmq_connect(socket, address.c_str())) == 0, address.c_str());
  return socket;
}

std::string bound_at(void* socket) {
  std::array<char, 256> text{};
  std::size_t size = text.size();
  must(zmq_getsockopt(socket, ZMQ_LAST_ENDPOINT, text.data(), &size) == 0, "endpoint");
  return text.data();
}

template <class Fn>
void each_record(void* socket, Fn&& fn) {
  zmq_msg_t message;
  zmq_msg_init(&message);
  must(zmq_msg_recv(&message, socket, 0) >= 0, "receive");
  const auto* at = static_cast<const std::uint8_t*>(zmq_msg_data(&message));
  const auto* const end = at + zmq_msg_size(&message);
  while (at != end) {
    std::string_view text;
    std::int64_t sequence = 0;
    at = read(at, text, sequence);
    fn(text, sequence);
  }
  zmq_msg_close(&message);
}

/// The child: every record read, packed and sent back; ends when it has seen `count`.
void identity(const std::string& address, std::int64_t count, const std::optional<Keys>& keys) {
  void* const context = zmq_ctx_new();
  void* const socket = open(context, address, false, keys);
  Message out;
  for (std::int64_t seen = 0; seen != count;) {
    std::uint8_t* at = out.begin();
    each_record(socket, [&](std::string_view text, std::int64_t sequence) {
      at = pack(at, text, sequence);
      ++seen;
    });
    out.send(socket, at);
  }
  char done = 0;  // the other side has all when it says so: ZeroMQ drops what is unsent when a process ends
  zmq_recv(socket, &done, 1, 0);
  zmq_close(socket);
  zmq_ctx_term(context);
}

bool spout_and_null(void* socket, std::int64_t count) {
  Message out;
  std::int64_t next = 0, received = 0, sum = 0;
  std::size_t bytes = 0;
  for (int flying = 0; received != count;) {
    for (; next != count && flying < kFlying; ++flying) {
      std::uint8_t* at = out.begin();
      while (next != count && !out.full(at)) at = pack(at, kText, next++);
      out.send(socket, at);
    }
    each_record(socket, [&](std::string_view text, std::int64_t sequence) {
      sum += sequence;
      bytes += text.size();
      ++received;
    });
    --flying;
  }
  return sum == sum_below(count) && bytes == 9 * static_cast<std::size_t>(count);
}

}  // namespace
}  // namespace bench

int main(int argc, char** argv) {
  const std::int64_t count = argc == 2 || argc == 3 ? std::atoll(argv[1]) : 0;
  const std::string kind = argc == 3 ? argv[2] : "ipc";
  if (count <= 0 || (kind != "ipc" && kind != "tcp" && kind != "curve")) {
    std::fprintf(stderr, "usage: %s COUNT [ipc|tcp|curve]\n", argv[0]);
    return 2;
  }
  std::optional<bench::Keys> keys;
  if (kind == "curve") zmq_curve_keypair(keys.emplace().open.data(), keys->secret.data());
  const std::string address = kind == "ipc" ? "ipc://@gale-bench-" + std::to_string(getpid()) : "tcp://127.0.0.1:*";
  int told[2];  // where this process listens
  if (pipe(told) != 0) return 1;
  const pid_t child = fork();
  if (child == 0) {
    char where[256] = {};
    if (read(told[0], where, sizeof where - 1) <= 0) return 1;
    bench::identity(where, count, keys);
    return 0;
  }
  void* const context = zmq_ctx_new();
  void* const socket = bench::open(context, address, true, keys);
  const std::string where = bench::bound_at(socket);
  if (write(told[1], where.data(), where.size()) < 0) return 1;
  const auto begun = std::chrono::steady_clock::now();
  const bool right = bench::spout_and_null(socket, count);
  const std::chrono::duration<double> seconds = std::chrono::steady_clock::now() - begun;
  zmq_send(socket, "d", 1, 0);
  int status = 0;
  waitpid(child, &status, 0);
  zmq_close(socket);
  zmq_ctx_term(context);
  if (!right || status != 0) return 1;
  std::printf("%.0f\n", static_cast<double>(count) / seconds.count());
  return 0;
}
