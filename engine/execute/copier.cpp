// SPDX-License-Identifier: Apache-2.0
#include "engine/execute/copier.hpp"

#include <algorithm>

namespace gale::execute {

/// Chooses for every way before any copy is made, so that a bad key leaves no half-made emit behind.
bool Copier::choose_all(const Emit& emit) {
  auto& ways = streams_[emit.stream].ways;
  chosen_.resize(ways.size());
  for (std::size_t i = 0; i < ways.size(); ++i) {
    chosen_[i] = ways[i].choose(emit);
    if (chosen_[i] == route::Grouping::kNobody) return false;
  }
  return true;
}

bool Copier::copy(const Emit& emit, const wire::Anchor* anchors, std::uint32_t count, std::uint64_t& edges) {
  if (!choose_all(emit)) return false;
  auto& ways = streams_[emit.stream].ways;
  for (std::size_t i = 0; i < ways.size(); ++i) {
    if (chosen_[i] != route::Grouping::kEvery) {
      edges ^= put(ways[i], chosen_[i], emit, anchors, count);
      continue;
    }
    for (std::uint32_t task = 0; task < ways[i].lanes.size(); ++task) edges ^= put(ways[i], task, emit, anchors, count);
  }
  return true;
}

bool Copier::copy_joined(const Emit& emit, std::span<const AnchorSource> sources, bool& too_many) {
  if (!choose_all(emit)) return false;
  joined_.clear();
  std::vector<std::vector<std::size_t>> places(sources.size());  // of each source's roots in joined_
  for (std::size_t s = 0; s < sources.size(); ++s) {
    const std::uint32_t n = wire::anchors_of(wire::head_of(sources[s].record));
    for (std::uint32_t i = 0; i < n; ++i) {
      const wire::Anchor a = wire::anchor_at(sources[s].record, i);
      const auto same = [&](const wire::Anchor& b) { return a.root == b.root && a.ledger == b.ledger; };
      const auto it = std::find_if(joined_.begin(), joined_.end(), same);
      places[s].push_back(static_cast<std::size_t>(it - joined_.begin()));
      if (it == joined_.end()) joined_.push_back({a.root, 0, a.ledger});
    }
  }
  too_many = joined_.size() > wire::kMaxRoots;
  if (too_many) return false;
  const auto put_one = [&](const Way& way, std::uint32_t task) {
    for (wire::Anchor& a : joined_) a.edge = 0;
    for (std::size_t s = 0; s < sources.size(); ++s) {
      const std::uint64_t edge = edge_();
      *sources[s].children ^= edge;
      for (const std::size_t place : places[s]) joined_[place].edge ^= edge;
    }
    std::uint8_t* at = record(way, task, emit, static_cast<std::uint32_t>(joined_.size()));
    for (std::uint32_t i = 0; i < joined_.size(); ++i) wire::put_anchor(at, i, joined_[i]);
  };
  auto& ways = streams_[emit.stream].ways;
  for (std::size_t i = 0; i < ways.size(); ++i) {
    if (chosen_[i] != route::Grouping::kEvery) {
      put_one(ways[i], chosen_[i]);
      continue;
    }
    for (std::uint32_t task = 0; task < ways[i].lanes.size(); ++task) put_one(ways[i], task);
  }
  return true;
}

}  // namespace gale::execute
