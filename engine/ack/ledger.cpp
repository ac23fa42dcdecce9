// SPDX-License-Identifier: Apache-2.0
#include "engine/ack/ledger.hpp"

#include "engine/base/assert.hpp"
#include "engine/base/failpoint.hpp"

#include <algorithm>

namespace gale::ack {

Ledger::Ledger(std::uint32_t slots, Incarnation incarnation)
    : slots_(slots), table_(slots), life_(std::uint64_t{incarnation.value & 0xfff} << kUseBits), uses_(slots) {
  ASSERT(slots >= 1 && slots <= kMaxSlots, "a ledger has 1..2^20-1 slots");
}

[[gnu::always_inline]] inline Ledger::Slot* Ledger::find(RootId root) noexcept {
  const std::uint32_t slot = slot_of(root);
  if (slot >= slots_ || root.value == 0) return nullptr;  // 0 is what a free slot holds
  const std::uint64_t now_there = table_[slot].root.load(std::memory_order_acquire);
  if (now_there == root.value) return &table_[slot];
  if (GALE_FAILPOINT("serial-not-checked") && now_there != 0) return &table_[slot];
  return nullptr;
}

void Ledger::apply(const wire::AckBatch& batch, TimePoint now, Completions& done) {
  const std::uint32_t at = millis(now);
  for (const wire::Ack& ack : batch.acks) {
    Slot* s = find(ack.root);
    if (s == nullptr) {
      ++stale_;
      continue;
    }
    s->edges ^= ack.edges;
    s->progress_ms = at;
    if (s->edges == 0) {
      s->root.store(0, std::memory_order_relaxed);  // ours alone until the spout task has taken the completion
      done.acked.push_back(static_cast<std::uint32_t>(s - table_.get()));
    }
  }
  for (const wire::Fail& fail : batch.fails) {
    Slot* s = find(fail.root);
    if (s == nullptr) {
      ++stale_;
      continue;
    }
    s->root.store(0, std::memory_order_relaxed);
    done.failed.push_back({static_cast<std::uint32_t>(s - table_.get()), Outcome::kFailed, fail.reason});
  }
}

void Ledger::expire(TimePoint now, Duration timeout, Duration max_age, Completions& done) {
  const std::uint32_t at = millis(now);
  const auto now_units = static_cast<std::uint16_t>(at / kAgeUnitMs);
  const auto age_ms =
      std::chrono::duration_cast<std::chrono::milliseconds>(std::min<Duration>(max_age, std::chrono::hours(2)));
  const auto most_units = static_cast<std::uint16_t>(age_ms.count() / kAgeUnitMs + 1);
  const auto limit = std::chrono::duration_cast<std::chrono::milliseconds>(timeout).count();
  for (std::uint32_t slot = 0; slot < slots_; ++slot) {
    Slot& s = table_[slot];
    if (s.root.load(std::memory_order_acquire) == 0) continue;
    const auto waited = static_cast<std::int32_t>(at - s.progress_ms);  // open() may be a little ahead of our clock
    const auto age = static_cast<std::uint16_t>(now_units - s.opened);
    if (waited >= 0 && age > most_units) {
      s.root.store(0, std::memory_order_relaxed);
      done.failed.push_back({slot, Outcome::kTimedOut, "timed out: older than topology.message.max.age.secs"});
      continue;
    }
    if (waited < limit) continue;
    s.root.store(0, std::memory_order_relaxed);
    done.failed.push_back({slot, Outcome::kTimedOut, "timed out: no ack for " + std::to_string(waited) + " ms"});
  }
}

}  // namespace gale::ack
