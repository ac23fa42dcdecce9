// SPDX-License-Identifier: Apache-2.0
#include "engine/execute/copier.hpp"

#include <algorithm>

namespace gale::execute {

namespace {

constexpr Duration kWeighEvery = std::chrono::microseconds(50);

}  // namespace

using route::Grouping;

void Copier::add_way(Grouping grouping, std::vector<std::uint32_t> lanes, TaskId first, CustomGrouping* custom) {
  const plan::Edge& edge = grouping.edge();
  const bool asked = plan::by_key(edge.grouping) || edge.grouping == plan::Grouping::kDirect || custom != nullptr;
  if (!grouping.weighed().empty()) weigh_at_ = TimePoint::min();
  Stream& stream = streams_[edge.stream];
  stream.plain = stream.ways.empty() && custom == nullptr && !edge.feedback && !keeps_tasks_;
  stream.ways.push_back({std::move(grouping), std::move(lanes), first, custom, edge.input, asked, edge.feedback, {}});
}

/// What is full gets less, as long as others have room.
void Copier::weigh() {
  weigh_at_ = now_ + kWeighEvery;
  crowd_.clear();
  tight_ = false;
  for (Stream& stream : streams_) {
    for (Way& way : stream.ways) {
      const std::span<const std::uint32_t> among = way.grouping.weighed();
      if (among.empty()) continue;
      load_.clear();
      for (const std::uint32_t task : among) load_.push_back(outbox_.load(way.lanes[task]));
      way.grouping.weigh(load_);
      if (way.feedback) continue;  // nobody rests until there is room
      const auto [least, most] = std::minmax_element(load_.begin(), load_.end());
      tight_ = tight_ || *most >= route::Turns::kHalf;
      if (!crowd_.empty() || *least < route::Turns::kNearlyFull) continue;
      for (const std::uint32_t task : among) crowd_.push_back(way.lanes[task]);
    }
  }
}

std::uint32_t Copier::choose(Way& way, const Emit& emit) {
  if (way.custom != nullptr || emit.to.has_value()) {
    const std::uint32_t chosen = choose_by_user(way, emit);
    return way.feedback && cycle_full(way, chosen) ? Grouping::kNobody : chosen;
  }
  std::uint32_t chosen = choose_usual(way, emit);
  if (!way.feedback) return chosen;
  for (std::size_t others = way.grouping.weighed().size(); cycle_full(way, chosen); chosen = choose_usual(way, emit)) {
    if (others <= 1) return Grouping::kNobody;
    --others;  // the next in turn may have room
  }
  refusal_.clear();
  return chosen;
}

/// With what it would say then. A link that is down is not full: what is emitted waits here.
bool Copier::cycle_full(const Way& way, std::uint32_t chosen) {
  const auto full = [&](std::uint32_t task) {
    const Fill fill = outbox_.fill(way.lanes[task]);
    if (fill.limit == 0 || fill.bytes < fill.limit) return false;
    refusal_ = "cycle full: " + std::to_string(fill.limit) + " bytes wait already (topology.cycle.max.bytes)";
    return true;
  };
  if (chosen < Grouping::kFirstSpecial) return full(chosen);
  if (chosen == Grouping::kSome) {
    const std::span<const std::uint32_t> some = way.custom->chosen();
    return std::any_of(some.begin(), some.end(), full);
  }
  for (std::uint32_t task = 0; chosen == Grouping::kEvery && task < way.lanes.size(); ++task) {
    if (full(task)) return true;
  }
  return false;
}

std::uint32_t Copier::choose_by_user(Way& way, const Emit& emit) {
  if (emit.to) {
    const std::uint32_t index = emit.to->value - way.first.value;
    return emit.to->value >= way.first.value && index < way.lanes.size() ? index : Grouping::kNotHere;
  }
  if (way.custom->choose({emit.values, emit.size})) return Grouping::kSome;
  refusal_ = way.custom->why();
  return Grouping::kNobody;
}

/// Chooses for every way before any copy is made, so that a bad key leaves no half-made emit behind.
bool Copier::choose_all(const Emit& emit) {
  auto& ways = streams_[emit.stream].ways;
  chosen_.resize(ways.size());
  refusal_.clear();
  if (emit.chosen != nullptr) return take_chosen(emit);
  bool here = !emit.to || ways.empty();
  for (std::size_t i = 0; i < ways.size(); ++i) {
    chosen_[i] = choose(ways[i], emit);
    if (chosen_[i] == Grouping::kNobody) return false;
    here = here || chosen_[i] != Grouping::kNotHere;
  }
  if (!here) refusal_ = "task " + std::to_string(emit.to->value) + " does not read it";
  return here;
}

/// The plugin's word is checked: each task must read the stream, by one way.
bool Copier::take_chosen(const Emit& emit) {
  auto& ways = streams_[emit.stream].ways;
  for (std::size_t i = 0; i < ways.size(); ++i) {
    ways[i].named.clear();
    chosen_[i] = Grouping::kSome;
  }
  std::uint32_t count = 0;
  std::memcpy(&count, emit.chosen, 4);
  if (count == GALE_REFUSED) {
    refusal_ = refused_early_;
    return false;
  }
  for (std::uint32_t k = 0; k < count; ++k) {
    std::uint32_t task = 0;
    std::memcpy(&task, emit.chosen + 4 + 4 * k, 4);
    const auto way = std::find_if(ways.begin(), ways.end(), [task](const Way& w) {
      return task >= w.first.value && task - w.first.value < w.lanes.size();
    });
    if (way == ways.end()) {
      refusal_ = "task " + std::to_string(task) + " does not read it";
      return false;
    }
    way->named.push_back(task - way->first.value);
  }
  return true;
}

template <class F>
void Copier::for_each_copy(const Emit& emit, F&& put) {
  auto& ways = streams_[emit.stream].ways;
  for (std::size_t i = 0; i < ways.size(); ++i) {
    if (chosen_[i] < Grouping::kFirstSpecial) {
      put(ways[i], chosen_[i]);
    } else if (chosen_[i] == Grouping::kEvery) {
      for (std::uint32_t task = 0; task < ways[i].lanes.size(); ++task) put(ways[i], task);
    } else if (chosen_[i] == Grouping::kSome) {
      const std::span<const std::uint32_t> some = emit.chosen != nullptr ? ways[i].named : ways[i].custom->chosen();
      for (const std::uint32_t task : some) put(ways[i], task);
    }
  }
}

void Copier::tasks_of(const Emit& emit, std::vector<std::uint32_t>& tasks) {
  tasks.clear();
  for_each_copy(emit, [&](const Way& way, std::uint32_t task) { tasks.push_back(way.first.value + task); });
}

bool Copier::routed(const Emit& emit, std::vector<std::uint32_t>& tasks) {
  tasks.clear();
  if (!choose_all(emit)) {
    refused_early_ = refusal_;
    return false;
  }
  tasks_of(emit, tasks);
  return true;
}

std::string Copier::why_not(const std::string& stream) const {
  if (refusal_.empty()) return "a grouping field of stream '" + stream + "' is an array or a map";
  return "stream '" + stream + "': " + refusal_;
}

bool Copier::copy(const Emit& emit, const wire::Anchor* anchors, std::uint32_t count, std::uint64_t& edges) {
  if (!choose_all(emit)) return false;
  for_each_copy(emit, [&](const Way& way, std::uint32_t task) { edges ^= put(way, task, emit, anchors, count); });
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
  for_each_copy(emit, [&](const Way& way, std::uint32_t task) {
    for (wire::Anchor& a : joined_) a.edge = 0;
    for (std::size_t s = 0; s < sources.size(); ++s) {
      const std::uint64_t edge = edge_();
      *sources[s].children ^= edge;
      for (const std::size_t place : places[s]) joined_[place].edge ^= edge;
    }
    std::uint8_t* at = record(way, task, emit, static_cast<std::uint32_t>(joined_.size()));
    for (std::uint32_t i = 0; i < joined_.size(); ++i) wire::put_anchor(at, i, joined_[i]);
  });
  return true;
}

}  // namespace gale::execute
