// SPDX-License-Identifier: Apache-2.0
//
// PendingAcks: entries on their way to the ledgers of one worker. While they can leave they are only passed on; while
// they wait they fold (XOR within a root, a fail outweighs), to at most one ack or one fail for each slot of a ledger.
// Invariants: a slot's older serial is dropped when a newer one is seen, since its root is over: that is what bounds
// the memory. The XOR of all entries of a living root is kept. Owned by a Link, under its owner's lock.
#pragma once

#include "engine/wire/ack.hpp"
#include "engine/wire/lane_frame.hpp"

#include <cstddef>
#include <map>
#include <vector>

namespace gale::link {

class PendingAcks {
 public:
  static constexpr std::size_t kFoldAt = 16384;  // entries of a ledger; below it waiting costs less than sorting

  void add(wire::AckBatch&& batch);
  /// Writes as many as the frame has room for.
  void move_into(wire::LaneWriter& writer);

  [[nodiscard]] std::size_t entries() const noexcept { return entries_; }
  [[nodiscard]] bool empty() const noexcept { return entries_ == 0; }
  /// What they take in a frame, section heads included.
  [[nodiscard]] std::size_t bytes() const noexcept;

 private:
  struct Ledger {
    std::vector<wire::Ack> acks;
    std::vector<wire::Fail> fails;
    std::size_t fold_at = kFoldAt;
    std::size_t fail_bytes = 0;
  };

  static void fold(Ledger& ledger);

  std::map<LedgerId, Ledger> ledgers_;
  std::size_t entries_ = 0;
};

}  // namespace gale::link
