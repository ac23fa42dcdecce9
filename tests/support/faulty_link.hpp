// SPDX-License-Identifier: Apache-2.0
//
// FaultyNetwork: what stands between Links in tests instead of ZeroMQ. A connection is one direction of one lane
// between two workers; each keeps its order, but not with the others. It loses, doubles, delays, is cut with all that
// is in flight, and brings garbage. Everything follows from the seed; time is the caller's.
#pragma once

#include "engine/base/clock.hpp"
#include "engine/link/actions.hpp"
#include "engine/wire/frame.hpp"
#include "engine/wire/shared_frame.hpp"

#include <algorithm>
#include <cstdint>
#include <deque>
#include <map>
#include <random>
#include <tuple>
#include <utility>
#include <vector>

namespace gale::test {

/// A frame of bytes that nobody's pool owns.
inline wire::Frame frame_of(std::vector<std::uint8_t> bytes) {
  struct Owned final : wire::FrameBlock {
    explicit Owned(std::vector<std::uint8_t> b) : FrameBlock(nullptr, 0), bytes(std::move(b)) {
      data_ = bytes.data();
      size_ = bytes.size();
    }
    std::vector<std::uint8_t> bytes;
  };
  return wire::Frame(new Owned(std::move(bytes)));
}

struct Faults {
  double lose = 0, twice = 0, garbage = 0;  // probabilities for each frame
  Duration delay_most{};                    // of each frame, behind those before it on its connection
};

class FaultyNetwork {
 public:
  FaultyNetwork(std::uint64_t seed, Faults faults) : random_(seed), faults_(faults) {}

  void set_faults(Faults faults) { faults_ = faults; }

  void send(WorkerId from, WorkerId to, link::Lane lane, const wire::Frame& frame, TimePoint now) {
    auto& connection = connections_[{from, to, lane}];
    if (happens(faults_.garbage)) put(connection, frame_of(spoil(frame)), now);
    if (happens(faults_.lose)) return;
    put(connection, frame, now);
    if (happens(faults_.twice)) put(connection, frame, now);
  }

  /// The connection breaks: what is in flight is lost.
  void cut(WorkerId from, WorkerId to, link::Lane lane) { connections_[{from, to, lane}].clear(); }

  /// Calls `handler(to, lane, frame)` for all that has arrived. What the handler sends is not delivered by this call.
  template <class Handler>
  void deliver(TimePoint now, Handler&& handler) {
    std::vector<std::tuple<WorkerId, link::Lane, wire::Frame>> arrived;
    for (auto& [key, frames] : connections_)
      for (; !frames.empty() && frames.front().first <= now; frames.pop_front())
        arrived.emplace_back(std::get<1>(key), std::get<2>(key), std::move(frames.front().second));
    for (auto& [to, lane, frame] : arrived) handler(to, lane, std::move(frame));
  }

  [[nodiscard]] TimePoint next_arrival() const {
    TimePoint next = TimePoint::max();
    for (const auto& [key, frames] : connections_)
      if (!frames.empty()) next = std::min(next, frames.front().first);
    return next;
  }

 private:
  using Connection = std::deque<std::pair<TimePoint, wire::Frame>>;

  bool happens(double probability) { return std::uniform_real_distribution<>(0, 1)(random_) < probability; }

  void put(Connection& connection, wire::Frame frame, TimePoint now) {
    TimePoint at = now + Duration(std::uniform_int_distribution<std::int64_t>(0, faults_.delay_most.count())(random_));
    if (!connection.empty()) at = std::max(at, connection.back().first);
    connection.emplace_back(at, std::move(frame));
  }

  /// Random bytes, a cut frame, or one with a damaged header. (A damaged body in a whole frame of the right number is
  /// not found by structure alone: FORMAT.md says why that is not guarded against.)
  std::vector<std::uint8_t> spoil(const wire::Frame& frame) {
    std::vector<std::uint8_t> bytes(frame.bytes().begin(), frame.bytes().end());
    switch (random_() % 3) {
      case 0:
        for (auto& byte : bytes) byte = static_cast<std::uint8_t>(random_());
        break;
      case 1:
        bytes.resize(random_() % bytes.size());
        break;
      default:
        bytes[random_() % wire::kFrameHeaderBytes] ^= static_cast<std::uint8_t>(1 + random_() % 255);
    }
    return bytes;
  }

  std::mt19937_64 random_;
  Faults faults_;
  std::map<std::tuple<WorkerId, WorkerId, link::Lane>, Connection> connections_;
};

}  // namespace gale::test
