// SPDX-License-Identifier: Apache-2.0
//
// Seen: which keys were there lately, within bounds of number, of bytes and of time. Exact within them: keys are kept,
// not hashes. The oldest goes first. Pure: time is an argument.
#pragma once

#include <gale/context.hpp>

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <deque>
#include <string>
#include <string_view>
#include <unordered_set>

namespace gale::stock::dedupe {

struct SeenBounds {
  std::size_t entries = 100'000, bytes = std::size_t{64} << 20;
  std::chrono::nanoseconds age{};  // 0: no bound
};

class Seen {
 public:
  explicit Seen(SeenBounds bounds = {}) : bounds_(bounds) {}

  /// True when `key` is new. It counts as seen from its first time on: seeing it again does not keep it longer.
  bool add(std::string_view key, TimePoint now) {
    while (bounds_.age.count() > 0 && !order_.empty() && now - order_.front().since >= bounds_.age) drop_oldest();
    const auto [it, is_new] = keys_.emplace(key);
    if (!is_new) return false;
    order_.push_back({&*it, now});  // a set's elements stay where they are
    bytes_ += key.size() + kOverhead;
    while (order_.size() > bounds_.entries || (bytes_ > bounds_.bytes && order_.size() > 1)) {
      drop_oldest();
      ++pushed_out_;
    }
    return true;
  }
  [[nodiscard]] std::size_t size() const noexcept { return order_.size(); }
  /// How many were forgotten before their time, because others came.
  [[nodiscard]] std::uint64_t pushed_out() const noexcept { return pushed_out_; }

 private:
  static constexpr std::size_t kOverhead = 96;  // of a string, a node of the set and an entry of the order

  struct Entry {
    const std::string* key;
    TimePoint since;
  };
  void drop_oldest() {
    bytes_ -= order_.front().key->size() + kOverhead;
    keys_.erase(*order_.front().key);
    order_.pop_front();
  }

  SeenBounds bounds_;
  std::unordered_set<std::string> keys_;
  std::deque<Entry> order_;  // oldest first
  std::size_t bytes_ = 0;
  std::uint64_t pushed_out_ = 0;
};

}  // namespace gale::stock::dedupe
