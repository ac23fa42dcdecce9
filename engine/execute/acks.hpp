// SPDX-License-Identifier: Apache-2.0
//
// AckOutbox: what one task has to tell ledgers. Entries for one root that follow each other fold into one before they
// leave (a line split into words would tell its root once a word). Flushed when the turn ends.
// Threads: its task's turn; the sink takes batches from any thread.
#pragma once

#include "engine/wire/ack.hpp"

#include <cstdint>
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
  AckOutbox(AckSink& sink, std::size_t ledgers) : sink_(sink), batches_(ledgers) {
    for (std::size_t i = 0; i < ledgers; ++i) batches_[i].ledger = LedgerId(static_cast<std::uint16_t>(i));
  }

  void ack(LedgerId ledger, RootId root, std::uint64_t edges) {
    wire::AckBatch& batch = batches_[ledger.value];
    if (!batch.acks.empty() && batch.acks.back().root == root) {
      batch.acks.back().edges ^= edges;
      return;
    }
    batch.acks.push_back({root, edges});
  }
  void fail(LedgerId ledger, RootId root, std::string_view reason) {
    batches_[ledger.value].fails.push_back({root, std::string(reason.substr(0, wire::kMaxReasonBytes))});
  }
  void flush() {
    for (wire::AckBatch& batch : batches_) {
      if (batch.empty()) continue;
      const std::size_t next = batch.acks.size();
      wire::AckBatch out{batch.ledger, std::move(batch.acks), std::move(batch.fails)};
      batch.acks = {};
      batch.fails = {};
      batch.acks.reserve(next);
      sink_.tell(std::move(out));
    }
  }

 private:
  AckSink& sink_;
  std::vector<wire::AckBatch> batches_;  // by ledger
};

}  // namespace gale::execute
