// SPDX-License-Identifier: Apache-2.0
#include "engine/route/grouping.hpp"

#include <numeric>
#include <utility>

namespace gale::route {
namespace {

std::vector<std::uint32_t> among(plan::Grouping grouping, const Readers& readers) {
  if (grouping == plan::Grouping::kLocalOrShuffle && !readers.local.empty()) return readers.local;
  std::vector<std::uint32_t> all(readers.tasks);
  std::iota(all.begin(), all.end(), 0);
  return all;
}

/// Another hash of the same key: the finaliser of MurmurHash3 (Austin Appleby, public domain), which is a bijection.
std::uint64_t mixed(std::uint64_t h) noexcept {
  h ^= h >> 33;
  h *= 0xff51afd7ed558ccd;
  h ^= h >> 33;
  h *= 0xc4ceb9fe1a85ec53;
  return h ^ h >> 33;
}

}  // namespace

Grouping::Grouping(const plan::Edge& edge, const Readers& readers)
    : edge_(&edge),
      tasks_(readers.tasks),
      groups_(readers.key_groups),
      look_at_load_(readers.look_at_load),
      turns_(among(edge.grouping, readers), readers.salt) {
  if (edge.grouping == plan::Grouping::kPartialKey) sent_.resize(tasks_);
}

std::span<const std::uint32_t> Grouping::weighed() const noexcept {
  const plan::Grouping g = edge_->grouping;
  const bool in_turn =
      g == plan::Grouping::kShuffle || g == plan::Grouping::kNone || g == plan::Grouping::kLocalOrShuffle;
  return in_turn && look_at_load_ && turns_.tasks().size() > 1 ? turns_.tasks() : std::span<const std::uint32_t>();
}

/// A key has two tasks; the one to which this source has sent less gets the tuple (Nasir et al., "The Power of Both
/// Choices", ICDE 2015: what one source has sent is estimate enough).
std::uint32_t Grouping::by_partial_key(const std::uint8_t* values, const std::uint8_t* end) noexcept {
  const auto hash = key_hash(values, end, edge_->key);
  if (!hash) return kNobody;
  std::uint32_t chosen = task_of(*hash, groups_, tasks_);
  if (tasks_ > 1) {
    const std::uint32_t other = (chosen + 1 + task_of(mixed(*hash), groups_, tasks_ - 1)) % tasks_;
    if (sent_[other] < sent_[chosen]) chosen = other;
  }
  ++sent_[chosen];
  return chosen;
}

}  // namespace gale::route
