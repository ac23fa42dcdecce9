// SPDX-License-Identifier: Apache-2.0
//
// What travels back to a ledger: one entry for each root that an execute consumed, or failed.
#pragma once

#include "engine/base/ids.hpp"

#include <cstdint>
#include <string>
#include <vector>

namespace gale::wire {

/// The XOR of the consumed edge and the edges of all children of that input (contract 3: always one entry).
struct Ack {
  RootId root;
  std::uint64_t edges = 0;
};

struct Fail {
  RootId root;
  std::string reason;  // "<component>#<index>: why", at most kMaxReasonBytes
};

inline constexpr std::size_t kMaxReasonBytes = 1024;

/// Entries for one ledger. Folding may join Acks of one root (XOR); a Fail outweighs them.
struct AckBatch {
  LedgerId ledger;
  std::vector<Ack> acks;
  std::vector<Fail> fails;
  [[nodiscard]] bool empty() const noexcept { return acks.empty() && fails.empty(); }
};

}  // namespace gale::wire
