// SPDX-License-Identifier: Apache-2.0
//
// bench_bound_zmq_rtt RATE COUNT: what one message of 32 bytes takes to another process and back over raw ZeroMQ, ipc,
// at a pace: each 100 us those of that time are sent one by one, and answers are taken as they come. Prints p50, p99
// and p99.9 in ns, one a line; the first tenth is left out. One thread of ours in each process.
#include <sys/wait.h>
#include <unistd.h>
#include <zmq.h>

#include <algorithm>
#include <chrono>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <string>
#include <vector>

namespace {

using Clock = std::chrono::steady_clock;
constexpr std::chrono::microseconds kPeriod{100};
constexpr std::int64_t kPerSecond = 10'000;  // periods

void must(bool ok, const char* what) {
  if (ok) return;
  std::fprintf(stderr, "bench_bound_zmq_rtt: %s: %s\n", what, zmq_strerror(zmq_errno()));
  std::exit(1);
}

void* open(void* context, const std::string& address, bool bind) {
  void* const socket = zmq_socket(context, ZMQ_PAIR);
  const int none = 0;
  zmq_setsockopt(socket, ZMQ_LINGER, &none, sizeof none);
  zmq_setsockopt(socket, ZMQ_SNDHWM, &none, sizeof none);  // both ends send: neither may wait for the other
  zmq_setsockopt(socket, ZMQ_RCVHWM, &none, sizeof none);
  must((bind ? zmq_bind(socket, address.c_str()) : zmq_connect(socket, address.c_str())) == 0, address.c_str());
  return socket;
}

void echo(const std::string& address, std::int64_t count) {
  void* const context = zmq_ctx_new();
  void* const socket = open(context, address, false);
  char message[32];
  for (std::int64_t n = 0; n <= count; ++n) {  // one to say that it is there
    must(zmq_recv(socket, message, sizeof message, 0) == sizeof message, "receive");
    must(zmq_send(socket, message, sizeof message, 0) == sizeof message, "answer");
  }
  zmq_recv(socket, message, sizeof message, 0);  // the other side has all
  zmq_close(socket);
  zmq_ctx_term(context);
}

std::vector<std::int64_t> pace(void* socket, std::int64_t rate, std::int64_t count) {
  std::vector<Clock::time_point> sent;
  std::vector<std::int64_t> took;
  char message[32] = {};
  const auto take = [&] {
    while (zmq_recv(socket, message, sizeof message, ZMQ_DONTWAIT) == sizeof message) {
      std::int64_t n = 0;
      std::memcpy(&n, message, sizeof n);
      took.push_back((Clock::now() - sent[static_cast<std::size_t>(n)]).count());
    }
  };
  must(zmq_send(socket, message, sizeof message, 0) == sizeof message, "send");  // once, until both are there
  must(zmq_recv(socket, message, sizeof message, 0) == sizeof message, "receive");
  const auto begun = Clock::now();
  while (static_cast<std::int64_t>(took.size()) < count) {
    const auto n = static_cast<std::int64_t>(sent.size());
    const auto due = begun + kPeriod * (n * kPerSecond / rate);
    const auto now = Clock::now();
    if (n < count && now >= due) {
      std::memcpy(message, &n, sizeof n);
      sent.push_back(now);
      must(zmq_send(socket, message, sizeof message, 0) == sizeof message, "send");
      continue;
    }
    take();
    const auto left =
        n < count ? std::chrono::duration_cast<std::chrono::nanoseconds>(due - Clock::now()).count() : 1'000'000;
    if (left <= 0) continue;
    zmq_pollitem_t item{socket, 0, ZMQ_POLLIN, 0};
    if (left >= 1'000'000) {
      zmq_poll(&item, 1, 1);
    } else if (zmq_poll(&item, 1, 0) == 0) {  // finer than a millisecond zmq_poll cannot wait
      int fd = 0;
      std::size_t size = sizeof fd;
      zmq_getsockopt(socket, ZMQ_FD, &fd, &size);
      fd_set readable;
      FD_ZERO(&readable);
      FD_SET(fd, &readable);
      timespec wait{0, left};
      pselect(fd + 1, &readable, nullptr, nullptr, &wait, nullptr);
    }
  }
  return took;
}

}  // namespace

int main(int argc, char** argv) {
  const std::int64_t rate = argc == 3 ? std::atoll(argv[1]) : 0, count = argc == 3 ? std::atoll(argv[2]) : 0;
  if (rate <= 0 || count <= 0) {
    std::fprintf(stderr, "usage: %s RATE COUNT\n", argv[0]);
    return 2;
  }
  const std::string address = "ipc://@gale-bench-rtt-" + std::to_string(getpid());
  const pid_t child = fork();
  if (child == 0) {
    echo(address, count);
    return 0;
  }
  void* const context = zmq_ctx_new();
  void* const socket = open(context, address, true);
  std::vector<std::int64_t> took = pace(socket, rate, count);
  zmq_send(socket, "done", 4, 0);
  int status = 0;
  waitpid(child, &status, 0);
  zmq_close(socket);
  zmq_ctx_term(context);
  took.erase(took.begin(), took.begin() + static_cast<std::ptrdiff_t>(took.size() / 10));
  std::sort(took.begin(), took.end());
  for (const double part : {0.5, 0.99, 0.999})
    std::printf("%lld\n", static_cast<long long>(took[static_cast<std::size_t>(part * double(took.size() - 1))]));
  return status == 0 ? 0 : 1;
}
