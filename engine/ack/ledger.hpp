// SPDX-License-Identifier: Apache-2.0
//
// Ledger: knows when every tuple grown from one root of one spout task has been processed. A table of
// topology.max.spout.pending slots, 32 bytes each; there is no INIT message, since a slot is written before any copy of
// its root can leave.
// Place: station 7 of a tuple's way (engine/README.md); driven by execute/spout_task (open, message_of) and
// execute/acker_task (the rest).
// Invariants: a root id names a slot and the serial of one use of it, so a message with another serial is stale by
// definition; completion order is irrelevant (a ring would stall at its slowest root); a slot that completed is not
// used again before the spout task has taken its completion and calls open() on it. Threads: open() and message_of()
// belong to the spout task, the rest to its acker. A slot's `root` is the hand-over: stored with release by open(),
// loaded with acquire here; between open() and the completion only the acker writes. Time is an argument, never read
// here.
#pragma once

#include "engine/base/clock.hpp"
#include "engine/base/ids.hpp"
#include "engine/base/zeroed.hpp"
#include "engine/wire/ack.hpp"

#include <atomic>
#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <vector>

namespace gale::ack {

inline constexpr unsigned kSerialBits = 44;
inline constexpr unsigned kUseBits = 32;  // of the serial; the 12 above are the worker's incarnation
inline constexpr std::uint64_t kUseMask = (1ull << kUseBits) - 1;
inline constexpr std::uint32_t kMaxSlots = (1u << 20) - 1;

inline std::uint32_t slot_of(RootId root) noexcept { return static_cast<std::uint32_t>(root.value >> kSerialBits); }

enum class Outcome : std::uint8_t { kAcked, kFailed, kTimedOut };

/// A root that ended other than by being acked.
struct Failed {
  std::uint32_t slot = 0;
  Outcome outcome = Outcome::kFailed;
  std::string reason;
};

/// What completed, to be handed to the spout task; each slot once.
struct Completions {
  std::vector<std::uint32_t> acked;
  std::vector<Failed> failed;
  [[nodiscard]] bool empty() const noexcept { return acked.empty() && failed.empty(); }
  void clear() noexcept {
    acked.clear();
    failed.clear();
  }
};

class Ledger {
 public:
  /// Holds at most `slots` roots at a time (1..kMaxSlots). Two incarnations of a worker never make the same root id.
  Ledger(std::uint32_t slots, Incarnation incarnation);

  [[nodiscard]] std::uint32_t slots() const noexcept { return slots_; }

  /// The id that a free slot's next root will have: known before open(), so that copies can be written first.
  [[nodiscard]] RootId next_root(std::uint32_t slot) const noexcept {
    return RootId((std::uint64_t{slot} << kSerialBits) | life_ | (uses_[slot] + std::uint64_t{1}));
  }
  /// A time as slots hold it: made once for many roots.
  struct Stamp {
    std::uint32_t progress_ms;
    std::uint16_t opened;
  };
  [[nodiscard]] static Stamp stamp(TimePoint now) noexcept {
    const std::uint32_t ms = millis(now);
    return {ms, static_cast<std::uint16_t>(ms / kAgeUnitMs)};
  }
  /// Registers the root with the XOR of all its copies' edges. Before any of them leaves.
  void open(std::uint32_t slot, std::uint64_t message, std::uint64_t edges, std::uint16_t attempt,
            Stamp stamp) noexcept {
    Slot& s = table_[slot];
    const RootId root = next_root(slot);
    uses_[slot] = uses_[slot] == kMostUses ? 0 : uses_[slot] + 1;
    s.edges = edges;
    s.message = message;
    s.attempt = attempt;
    s.progress_ms = stamp.progress_ms;
    s.opened = stamp.opened;
    s.root.store(root.value, std::memory_order_release);
  }
  void open(std::uint32_t slot, std::uint64_t message, std::uint64_t edges, std::uint16_t attempt,
            TimePoint now) noexcept {
    open(slot, message, edges, attempt, stamp(now));
  }
  /// The spout task completes a root itself, none of whose copies has left.
  void close(std::uint32_t slot) noexcept { table_[slot].root.store(0, std::memory_order_release); }
  [[nodiscard]] std::uint64_t message_of(std::uint32_t slot) const noexcept { return table_[slot].message; }
  [[nodiscard]] std::uint16_t attempt_of(std::uint32_t slot) const noexcept { return table_[slot].attempt; }

  /// Folds one batch. Stale entries are counted, never applied. Appends what completed to `done`.
  void apply(const wire::AckBatch& batch, TimePoint now, Completions& done);
  /// Fails every root without an ack or touch since `now - timeout`, at the deadline and not before, and every root
  /// older than `max_age` whatever is said of it (to a quarter of a second; at most two hours).
  void expire(TimePoint now, Duration timeout, Duration max_age, Completions& done);

  /// Entries for roots that are no more. The acker's thread.
  [[nodiscard]] std::uint64_t stale() const noexcept { return stale_; }

 private:
  struct Slot {
    std::atomic<std::uint64_t> root{0};  // 0: not pending
    std::uint64_t edges = 0;
    std::uint64_t message = 0;
    std::uint32_t progress_ms = 0;  // of the last ack, on the ledger's own clock
    std::uint16_t attempt = 0;
    std::uint16_t opened = 0;  // in units of kAgeUnit, on the same clock
  };
  static_assert(sizeof(Slot) == 32, "acker memory is 32 bytes a root");

  [[nodiscard]] Slot* find(RootId root) noexcept;
  static constexpr std::uint32_t kMostUses = kUseMask - 1;  // use 0 does not exist: no root is 0
  static constexpr std::uint32_t kAgeUnitMs = 256;          // 16 bits of it are four and a half hours
  static std::uint32_t millis(TimePoint t) noexcept {
    return static_cast<std::uint32_t>(
        std::chrono::duration_cast<std::chrono::milliseconds>(t.time_since_epoch()).count());
  }

  std::uint32_t slots_;
  Zeroed<Slot> table_;
  std::uint64_t life_;          // the incarnation, where a serial has it
  Zeroed<std::uint32_t> uses_;  // so far; the spout task's
  std::uint64_t stale_ = 0;
};

}  // namespace gale::ack
