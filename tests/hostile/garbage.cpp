// SPDX-License-Identifier: Apache-2.0
//
// Sends what no honest peer sends: garbage DATA ACK CONTROL TOKEN COUNT SEED [KEYS]. COUNT frames in all, in turn to a
// worker's data port, its ack port and its starter's control socket: random bytes, frames of this very run cut short or
// with a bit turned, copies of old ones, other topologies' and other workers', with a right checksum. With KEYS it
// comes in as a worker does. Prints how many each port took.
#include "engine/keys/gate.hpp"
#include "engine/keys/security.hpp"
#include "engine/wire/data_frame.hpp"
#include "engine/wire/lane_frame.hpp"
#include "supervisor/control/message.hpp"
#include "tests/support/records.hpp"

#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <optional>
#include <random>
#include <string>
#include <vector>
#include <zmq.hpp>

namespace {

using namespace gale;
using Bytes = std::vector<std::uint8_t>;

class Maker {
 public:
  Maker(std::uint64_t token, std::uint64_t seed) : token_(token), random_(seed) {
    const wire::BatchPtr batch = test::make_batch(pool_, TaskId{0}, TaskId{1}, {test::make_record(1, 100)});
    Bytes frame(wire::kHeadroom + batch->bytes);
    wire::put_section(frame.data() + wire::kFrameHeaderBytes, *batch);
    std::memcpy(frame.data() + wire::kHeadroom, batch->data, batch->bytes);
    bodies_.push_back(std::move(frame));
    bodies_.emplace_back(wire::kFrameHeaderBytes + wire::kLaneStateBytes + wire::kLaneSectionBytes);
  }
  /// For the data or the ack port.
  Bytes frame() {
    const std::size_t which = random_() % 2;
    Bytes frame = bodies_[which];
    const auto body = static_cast<std::uint32_t>(frame.size() - wire::kFrameHeaderBytes);
    wire::FrameHeader head = header(which == 0 ? wire::FrameType::kData : wire::FrameType::kLane, body);
    switch (random_() % 8) {
      case 0:
        return noise(random_() % 300);
      case 1:
        wire::put_header(frame.data(), head);
        frame.resize(random_() % frame.size());
        return frame;
      case 2:  // of a right one, one bit of the header
        wire::put_header(frame.data(), head);
        frame[random_() % wire::kFrameHeaderBytes] ^= static_cast<std::uint8_t>(1u << random_() % 8);
        return frame;
      case 3:  // a right header over a body of noise, of a frame that was long ago
        wire::put_header(frame.data(), head);
        for (std::size_t i = wire::kFrameHeaderBytes; i < frame.size(); ++i)
          frame[i] = static_cast<std::uint8_t>(random_());
        return frame;
      case 4:
        head.topology = random_();
        break;
      case 5:
        head.from = WorkerId(static_cast<std::uint16_t>(2 + random_() % 60000));
        break;
      case 6:
        head.to_incarnation = Incarnation(static_cast<std::uint32_t>(100 + random_() % 1000000));
        head.sections = static_cast<std::uint32_t>(random_());
        break;
      default:
        break;  // what was long ago, once more
    }
    wire::put_header(frame.data(), head);
    return frame;
  }
  Bytes control() {
    control::Message message;
    message.kind = control::Kind::kReport;
    message.worker = WorkerId(60000);  // no place of the run, so that no turn of a bit makes it a worker's word
    message.report.tasks.resize(3);
    message.report.errors = {"an error"};
    const std::string text = control::encode(message);
    Bytes bytes(text.begin(), text.end());
    switch (random_() % 3) {
      case 0:
        return noise(random_() % 300);
      case 1:
        bytes.resize(random_() % bytes.size());
        return bytes;
      default:
        bytes[random_() % bytes.size()] = static_cast<std::uint8_t>(random_());
        return bytes;
    }
  }

 private:
  [[nodiscard]] wire::FrameHeader header(wire::FrameType type, std::uint32_t body) const {
    return {.type = type,
            .topology = token_,
            .from = WorkerId(1),
            .to = WorkerId(0),
            .from_incarnation = Incarnation(1),
            .to_incarnation = Incarnation(1),
            .seq = 1,
            .sections = 1,
            .body_bytes = body};
  }
  Bytes noise(std::size_t size) {
    Bytes bytes(size);
    for (std::uint8_t& byte : bytes) byte = static_cast<std::uint8_t>(random_());
    return bytes;
  }

  const std::uint64_t token_;
  std::mt19937_64 random_;
  wire::BatchPool pool_;
  std::vector<Bytes> bodies_;
};

zmq::socket_t connect(zmq::context_t& context, zmq::socket_type type, const std::string& at,
                      const keys::Security* security) {
  zmq::socket_t socket(context, type);
  socket.set(zmq::sockopt::linger, 20000);
  if (security != nullptr) {
    if (const auto done = keys::secure_client(socket, security->own, security->server_key); !done) std::abort();
  }
  socket.connect(at);
  return socket;
}

}  // namespace

int main(int argc, char** argv) {
  if (argc < 7) {
    std::fputs("garbage DATA ACK CONTROL TOKEN COUNT SEED [KEYS]\n", stderr);
    return 2;
  }
  std::optional<keys::Security> security;
  if (argc > 7) {
    auto read = keys::read_security(argv[7], keys::Role::kWorker, keys::Role::kWorker);
    if (!read) {
      std::fprintf(stderr, "garbage: %s\n", read.error().c_str());
      return 2;
    }
    security = *read;
  }
  const keys::Security* with = security ? &*security : nullptr;
  zmq::context_t context;
  zmq::socket_t data = connect(context, zmq::socket_type::push, argv[1], with);
  zmq::socket_t ack = connect(context, zmq::socket_type::push, argv[2], with);
  zmq::socket_t control = connect(context, zmq::socket_type::dealer, argv[3], nullptr);
  Maker make(std::strtoull(argv[4], nullptr, 10), std::strtoull(argv[6], nullptr, 10));
  const auto count = std::strtoull(argv[5], nullptr, 10);
  unsigned long long sent[3] = {0, 0, 0};
  for (unsigned long long i = 0; i < count; ++i) {
    zmq::socket_t& to = i % 3 == 0 ? data : i % 3 == 1 ? ack : control;
    to.send(zmq::buffer(i % 3 == 2 ? make.control() : make.frame()), zmq::send_flags::none);
    ++sent[i % 3];
  }
  std::printf("%llu %llu %llu\n", sent[0], sent[1], sent[2]);
}
