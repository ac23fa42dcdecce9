// SPDX-License-Identifier: Apache-2.0
//
// AckOutbox: what one task has to tell ledgers. Entries for one root that follow each other fold into one before they
// leave (a line split into words would tell its root once a word). Flushed when the turn ends.
// Threads: its task's turn; the sink takes batches from any thread.
#pragma once

#include "engine/wire/ack.hpp"

#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace gale::execute {

/// Where acks go: a local acker, or a link.
class AckSink {
 public:
  virtual ~AckSink() = default;
  virtual void tell(wire::AckBatch&& batch) = 0;
};

class AckOutbox {
 public:
  AckOutbox(AckSink& sink, std::size_t ledgers) : sink_(sink), lanes_(ledgers) {}

  void ack(LedgerId ledger, RootId root, std::uint64_t edges) {
    Lane& lane = lanes_[ledger.value];
    if (lane.count != 0 && lane.acks[lane.count - 1].root == root) {
      lane.acks[lane.count - 1].edges ^= edges;
      return;
    }
    if (__builtin_expect(lane.count == lane.acks.size(), 0)) make_room(ledger);
    lane.acks[lane.count++] = {root, edges};
  }
  /// Many acks in a row, in local variables (see Copier::Run).
  class Run {
   public:
    explicit Run(AckOutbox& acks) noexcept : acks_(acks) {}
    [[gnu::always_inline]] void ack(LedgerId ledger, RootId root, std::uint64_t edges) {
      if (root == last_ && ledger == ledger_) {
        at_[-1].edges ^= edges;
        return;
      }
      if (__builtin_expect(at_ == end_ || ledger != ledger_, 0)) {
        end();
        const std::span<wire::Ack> room = acks_.room(ledger);
        ledger_ = ledger;
        at_ = room.data();
        end_ = at_ + room.size();
      }
      *at_++ = {root, edges};
      last_ = root;
    }
    /// Before anything else is done with the acks.
    [[gnu::always_inline]] void end() noexcept {
      if (at_ != nullptr) acks_.put_back(ledger_, at_);
      at_ = end_ = nullptr;
      last_ = {};
    }

   private:
    AckOutbox& acks_;
    LedgerId ledger_;
    RootId last_;  // of the entry before at_; no root is 0
    wire::Ack *at_ = nullptr, *end_ = nullptr;
  };

  /// Somebody holds this copy and is not stuck: slow is not lost. An entry that changes nothing but the time.
  void touch(LedgerId ledger, RootId root) { ack(ledger, root, 0); }
  void fail(LedgerId ledger, RootId root, std::string_view reason) {
    lanes_[ledger.value].fails.push_back({root, std::string(reason.substr(0, wire::kMaxReasonBytes))});
  }
  void flush() {
    for (std::size_t i = 0; i < lanes_.size(); ++i) {
      if (lanes_[i].count != 0 || !lanes_[i].fails.empty()) send(LedgerId(static_cast<std::uint16_t>(i)));
    }
  }

 private:
  static constexpr std::size_t kMost = 1024;  // entries that gather before they leave within a turn
  struct Lane {
    std::vector<wire::Ack> acks;  // room, of which `count` are in use: it stays with the task
    std::size_t count = 0;
    std::vector<wire::Fail> fails;
  };
  void make_room(LedgerId ledger) {
    Lane& lane = lanes_[ledger.value];
    if (lane.acks.size() == kMost) {
      send(ledger);
    } else {
      lane.acks.resize(lane.acks.empty() ? 64 : lane.acks.size() * 2);
    }
  }
  std::span<wire::Ack> room(LedgerId ledger) {
    Lane& lane = lanes_[ledger.value];
    if (lane.count == lane.acks.size()) make_room(ledger);
    return std::span(lane.acks).subspan(lane.count);
  }
  void put_back(LedgerId ledger, const wire::Ack* at) noexcept {
    Lane& lane = lanes_[ledger.value];
    lane.count = static_cast<std::size_t>(at - lane.acks.data());
  }
  void send(LedgerId ledger) {
    Lane& lane = lanes_[ledger.value];
    wire::AckBatch batch{ledger, {lane.acks.begin(), lane.acks.begin() + static_cast<std::ptrdiff_t>(lane.count)}, {}};
    batch.fails.swap(lane.fails);
    lane.count = 0;
    sink_.tell(std::move(batch));
  }

  AckSink& sink_;
  std::vector<Lane> lanes_;  // by ledger
};

}  // namespace gale::execute
