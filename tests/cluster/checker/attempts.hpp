// SPDX-License-Identifier: Apache-2.0
//
// What is known of one source's records, small enough that 10^8 of them need half a gigabyte: 5 bytes for each record's
// first attempt, in arrays by seq, and 16 bytes for each further attempt, in a table with open addressing.
// The first attempt of a seq is the one that emitted it first; all others are replays: attempts above 1, and whatever a
// later incarnation of the source emits again.
#pragma once

#include <cstdint>
#include <vector>

namespace ledger {

inline constexpr std::uint16_t kNoCause = 0xffff;

/// One attempt, whichever way it is kept.
struct Attempt {
  std::uint32_t* reached;  // when the last of its branches was in a sink, in units of the judge's
  std::uint8_t* seen;      // bit b: branch b of this attempt is in a sink
  std::uint16_t* cause;    // of a replay: the number of its fault; null for a first attempt
  explicit operator bool() const { return seen != nullptr; }
};

class Attempts {
 public:
  static constexpr std::uint8_t kSeen = 0x03;  // of the first attempt
  static constexpr unsigned kAnyShift = 2;     // of any attempt
  static constexpr std::uint8_t kEmitted = 0x10;

  /// Notes an emit. True: nobody had emitted this seq before. Called in the order of the source's files.
  bool emitted(std::uint64_t seq, std::uint16_t start, std::uint16_t attempt) {
    if (seq >= flags_.size()) flags_.resize(seq + 1 + seq / 2);
    if ((flags_[seq] & kEmitted) == 0) {
      flags_[seq] |= kEmitted;
      if (seq > highest_) highest_ = seq;
      if (firsts_.empty() || firsts_.back().start != start) firsts_.push_back({start, 0});
      if (seq > firsts_.back().highest) firsts_.back().highest = seq;
      return true;
    }
    insert(key_of(seq, start, attempt));
    return false;
  }

  /// Sizes what sinks fill in; after the last emitted().
  void seal() {
    flags_.resize(highest_ + 1);
    flags_.shrink_to_fit();
    reached_.assign(highest_ + 1, 0);
  }

  /// An attempt that was emitted; false in a condition when none such was.
  [[nodiscard]] Attempt find(std::uint64_t seq, std::uint16_t start, std::uint16_t attempt) {
    if (seq > highest_ || (flags_[seq] & kEmitted) == 0) return {nullptr, nullptr, nullptr};
    if (attempt == 1 && start == first_start(seq)) return {&reached_[seq], &flags_[seq], nullptr};
    Replay* r = slot(key_of(seq, start, attempt));
    if (r == nullptr || r->key == 0) return {nullptr, nullptr, nullptr};
    return {&r->reached, &r->seen, &r->cause};
  }

  /// Notes branch `branch` of `seq` in a sink; true when it was there before.
  bool any(std::uint64_t seq, unsigned branch) {
    const auto bit = static_cast<std::uint8_t>(1u << (kAnyShift + branch));
    const bool before = (flags_[seq] & bit) != 0;
    flags_[seq] |= bit;
    return before;
  }
  [[nodiscard]] bool was_emitted(std::uint64_t seq) const { return (flags_[seq] & kEmitted) != 0; }
  [[nodiscard]] bool is_in_sink(std::uint64_t seq, unsigned branch) const {
    return (flags_[seq] >> (kAnyShift + branch) & 1) != 0;
  }
  [[nodiscard]] std::uint64_t highest() const { return highest_; }
  [[nodiscard]] std::uint64_t replays() const { return used_; }

  /// fn(cause, branches in sinks) for each replay.
  template <class Fn>
  void for_each_replay(Fn&& fn) const {
    for (const Replay& r : table_) {
      if (r.key != 0) fn(r.cause, r.seen);
    }
  }

 private:
  struct Replay {
    std::uint64_t key = 0;
    std::uint32_t reached = 0;
    std::uint16_t cause = kNoCause;
    std::uint8_t seen = 0, unused = 0;
  };
  static_assert(sizeof(Replay) == 16);
  struct First {
    std::uint16_t start;
    std::uint64_t highest;
  };

  static std::uint64_t key_of(std::uint64_t seq, std::uint16_t start, std::uint16_t attempt) {
    return seq << 24 | std::uint64_t{start & 0xfffu} << 12 | (attempt & 0xfffu);
  }
  /// The incarnation whose new records include `seq`: each begins above all before it.
  [[nodiscard]] std::uint16_t first_start(std::uint64_t seq) const {
    std::size_t low = 0, high = firsts_.size();
    while (low < high) {
      const std::size_t middle = (low + high) / 2;
      if (firsts_[middle].highest < seq) {
        low = middle + 1;
      } else {
        high = middle;
      }
    }
    return low < firsts_.size() ? firsts_[low].start : std::uint16_t{0};
  }
  [[nodiscard]] Replay* slot(std::uint64_t key) {
    if (table_.empty()) return nullptr;
    std::size_t i = (key * 0x9e3779b97f4a7c15u) >> shift_;
    while (table_[i].key != 0 && table_[i].key != key) i = (i + 1) & (table_.size() - 1);
    return &table_[i];
  }
  void insert(std::uint64_t key) {
    if (4 * (used_ + 1) > 3 * table_.size()) grow();
    Replay* r = slot(key);
    if (r->key == 0) ++used_;
    r->key = key;
  }
  void grow() {
    std::vector<Replay> old(table_.empty() ? 1024 : 2 * table_.size());
    old.swap(table_);
    shift_ = 64;
    for (std::size_t n = table_.size(); n > 1; n /= 2) --shift_;
    for (const Replay& r : old) {
      if (r.key != 0) *slot(r.key) = r;
    }
  }

  std::vector<std::uint8_t> flags_;  // by seq
  std::vector<std::uint32_t> reached_;
  std::vector<First> firsts_;
  std::vector<Replay> table_;
  std::uint64_t highest_ = 0, used_ = 0;
  unsigned shift_ = 64;
};

}  // namespace ledger
