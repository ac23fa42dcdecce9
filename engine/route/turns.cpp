// SPDX-License-Identifier: Apache-2.0
#include "engine/route/turns.hpp"

#include <algorithm>

namespace gale::route {
namespace {

constexpr std::uint8_t kAllTurns = 8;
constexpr std::uint32_t kAlike = 10;  // above the least loaded, in percent: no reason to prefer that one

std::uint8_t turns_of(std::uint32_t load, std::uint32_t least) {
  if (load < Turns::kHalf || load < least + kAlike)
    return load < Turns::kNearlyFull || least >= Turns::kNearlyFull ? kAllTurns : 0;
  return load < Turns::kNearlyFull ? 1 : 0;
}

}  // namespace

Turns::Turns(std::vector<std::uint32_t> tasks, std::uint32_t salt)
    : tasks_(std::move(tasks)), turns_(tasks_.size(), kAllTurns) {
  arrange();
  at_ = salt % order_.size();
}

void Turns::weigh(std::span<const std::uint32_t> load) {
  const std::uint32_t least = *std::min_element(load.begin(), load.end());
  bool changed = false;
  for (std::size_t i = 0; i < tasks_.size(); ++i) {
    const std::uint8_t turns = turns_of(load[i], least);
    changed = changed || turns != turns_[i];
    turns_[i] = turns;
  }
  if (changed) arrange();
}

/// Rounds within the round, so that the turns of one task do not follow each other. The least loaded has all of its.
void Turns::arrange() {
  const std::uint8_t least = *std::min_element(turns_.begin(), turns_.end());
  const std::uint8_t rounds = least == kAllTurns ? 1 : kAllTurns;
  order_.clear();
  for (std::uint8_t round = 0; round < rounds; ++round) {
    for (std::size_t i = 0; i < tasks_.size(); ++i) {
      if (turns_[i] > round) order_.push_back(tasks_[i]);
    }
  }
  at_ = at_ < order_.size() ? at_ : 0;
}

}  // namespace gale::route
