// SPDX-License-Identifier: Apache-2.0
//
// Copier: one emit becomes a record in the lane of each task that gets a copy, with fresh edges. Nothing of a plugin's
// buffer survives it.
// Place: station 3 of a tuple's way (engine/README.md); used by input_pass (bolts) and spout_task.
// Threads: its task's turn.
#pragma once

#include "engine/base/failpoint.hpp"
#include "engine/execute/custom_grouping.hpp"
#include "engine/execute/outbox.hpp"
#include "engine/execute/random.hpp"
#include "engine/route/grouping.hpp"
#include "engine/wire/record.hpp"
#include "gale/codec/write.hpp"

#include <cstdint>
#include <cstring>
#include <optional>
#include <span>
#include <string>
#include <utility>
#include <vector>

namespace gale::execute {

/// One emit as the pass sees it.
struct Emit {
  std::uint16_t stream = 0;
  const std::uint8_t* values = nullptr;
  std::uint32_t size = 0;
  std::optional<TaskId> to;              // named by a direct emit
  const std::uint8_t* chosen = nullptr;  // by routed(): u32 n, n tasks
};

/// A tuple that an emit is anchored to: the roots it carries, and where the children's edges gather.
struct AnchorSource {
  const std::uint8_t* record = nullptr;
  std::uint64_t* children = nullptr;
};

class Copier {
 public:
  explicit Copier(Outbox& outbox) : outbox_(outbox) {}

  void add_stream() { streams_.emplace_back(); }
  /// `lanes`: the outbox's lane for each task of the reader, by index. `first`: the first of those tasks. `custom`: for
  /// such a grouping; outlives the copier. Along feedback nobody waits for a reader: a copy for one that is full is
  /// refused.
  void add_way(route::Grouping grouping, std::vector<std::uint32_t> lanes, TaskId first, CustomGrouping* custom);
  /// All readers of a stream that is dealt out in turns are nearly full: who emits on will be stuck behind one of them,
  /// perhaps the slowest. Their lanes; empty when it is not so.
  [[nodiscard]] std::span<const std::uint32_t> crowd() const noexcept { return crowd_; }
  /// From now on no emit goes the short way, so that tasks_of() knows of each. Before add_way().
  void keep_tasks() noexcept { keeps_tasks_ = true; }
  /// Who got a copy of `emit`, the last one that was routed, by their numbers within the topology; after keep_tasks().
  void tasks_of(const Emit& emit, std::vector<std::uint32_t>& tasks);
  /// How many roots the last copy_joined() joined.
  [[nodiscard]] std::uint32_t joined_roots() const noexcept { return static_cast<std::uint32_t>(joined_.size()); }
  void set_time(TimePoint now) {
    now_ = now;
    if (tight_ || now >= weigh_at_) weigh();
  }
  /// Before a buffer full of emits is copied: when readers are half full, what it holds can fill one of them.
  void look_around() {
    if (__builtin_expect(tight_, 0)) weigh();
  }

  /// Copies with at most one anchor, by far the most common: a fresh edge for each copy goes into `edges`.
  /// False: it cannot be routed, why_not() says why, and no copy was made.
  [[gnu::always_inline]] bool copy_one(const Emit& emit, const wire::Anchor* anchor, std::uint64_t& edges) {
    Stream& stream = streams_[emit.stream];
    if (__builtin_expect(!stream.plain || emit.to.has_value() || emit.chosen != nullptr, 0))
      return copy(emit, anchor, anchor != nullptr ? 1 : 0, edges);
    Way& way = stream.ways.front();
    std::uint32_t chosen = 0;
    if (way.lanes.size() != 1 || way.asked) chosen = choose_usual(way, emit);
    if (__builtin_expect(chosen >= route::Grouping::kFirstSpecial, 0))
      return copy(emit, anchor, anchor != nullptr ? 1 : 0, edges);
    if (GALE_FAILPOINT_EVERY("drop-one-in-a-million")) return true;
    const std::uint32_t values_at = wire::kRecordHead + (anchor != nullptr ? wire::kAnchorBytes : 0);
    const std::uint32_t size = values_at + emit.size;
    std::uint8_t* at = outbox_.room(way.lanes[chosen], size, now_);
    const std::uint64_t head = size | std::uint64_t{values_at} << 32 | std::uint64_t{way.input} << 48;
    std::memcpy(at, &head, sizeof head);
    if (anchor != nullptr) {
      const std::uint64_t edge = edge_();
      edges ^= edge;
      wire::put_anchor(at, 0, {anchor->root, edge, anchor->ledger});
    }
    codec::copy_bytes(at + values_at, emit.values, emit.size);
    ++copies_;
    return true;
  }

  /// Many emits in a row to the one task that reads a stream: the usual shape of a topology, and its fastest. All that
  /// an emit touches is in this object, which the compiler keeps in registers; a byte written to a batch may alias any
  /// member of a task, so that each emit through copy_one() loads and stores a dozen of them. Const -> identity -> null
  /// on one thread: 61 ns a root without runs, 47 with them.
  class Run {
   public:
    /// Whether a stream can have runs.
    [[nodiscard]] static bool possible(const Copier& copier, std::uint16_t stream) noexcept {
      const Stream& s = copier.streams_[stream];
      return s.plain && s.ways.front().lanes.size() == 1 && !s.ways.front().asked;
    }
    Run(Copier& copier, std::uint16_t stream) noexcept
        : copier_(copier),
          lane_(copier.streams_[stream].ways.front().lanes.front()),
          input_(std::uint64_t{copier.streams_[stream].ways.front().input} << 48),
          open_(copier.outbox_.open_of(lane_)),
          edge_(copier.edge_) {}
    /// Before anything else is done with the copier or its outbox.
    [[gnu::always_inline]] void end() noexcept {
      copier_.outbox_.put_back(lane_, open_);
      copier_.edge_ = edge_;
      copier_.copies_ += copies_;
    }

    [[gnu::always_inline]] void put(const std::uint8_t* values, std::uint32_t size) {
      if (GALE_FAILPOINT_EVERY("drop-one-in-a-million")) return;
      ++copies_;
      std::uint8_t* const at = record(wire::kRecordHead, size);
      codec::copy_bytes(at + wire::kRecordHead, values, size);
    }
    /// With one anchor; returns its fresh edge.
    [[gnu::always_inline]] std::uint64_t put(RootId root, LedgerId ledger, const std::uint8_t* values,
                                             std::uint32_t size) {
      if (GALE_FAILPOINT_EVERY("drop-one-in-a-million")) return 0;
      ++copies_;
      const std::uint64_t edge = edge_();
      std::uint8_t* const at = record(wire::kRecordHead + wire::kAnchorBytes, size);
      wire::put_anchor(at, 0, {root, edge, ledger});
      codec::copy_bytes(at + wire::kRecordHead + wire::kAnchorBytes, values, size);
      return edge;
    }

   private:
    [[gnu::always_inline]] std::uint8_t* record(std::uint32_t values_at, std::uint32_t size) {
      const std::uint32_t bytes = values_at + size;
      if (__builtin_expect(static_cast<std::size_t>(open_.end - open_.at) < bytes, 0))
        open_ = copier_.outbox_.renewed(lane_, open_, bytes, copier_.now_);
      std::uint8_t* const at = open_.at;
      open_.at = at + bytes;
      ++open_.count;
      const std::uint64_t head = bytes | std::uint64_t{values_at} << 32 | input_;
      std::memcpy(at, &head, sizeof head);
      return at;
    }

    Copier& copier_;
    const std::uint32_t lane_;
    const std::uint64_t input_;
    Outbox::Open open_;
    EdgeSource edge_;
    std::uint64_t copies_ = 0;
  };

  /// The tasks that would get a copy; false when it cannot be routed. An emit that names them in `chosen` goes there,
  /// without asking its grouping again.
  [[nodiscard]] bool routed(const Emit& emit, std::vector<std::uint32_t>& tasks);

  /// The same with any number of anchors, all of one tuple.
  bool copy(const Emit& emit, const wire::Anchor* anchors, std::uint32_t count, std::uint64_t& edges);

  /// Anchored to several tuples, which may share roots: fresh edges for each source, joined where a root is shared.
  /// False as above; `too_many` when the roots are more than a record may carry.
  bool copy_joined(const Emit& emit, std::span<const AnchorSource> sources, bool& too_many);

 private:
  struct Way {
    route::Grouping grouping;
    std::vector<std::uint32_t> lanes;
    TaskId first;  // task of the reader
    CustomGrouping* custom;
    std::uint16_t input;
    bool asked;  // even with one task to choose from: a bad key is refused, a grouping may choose nobody
    bool feedback;
    std::vector<std::uint32_t> named;  // of `chosen` of the running emit
  };
  struct Stream {
    std::vector<Way> ways;
    bool plain = false;  // one way, on which nobody but the grouping is asked
  };

  std::uint32_t choose_usual(Way& way, const Emit& emit) {
    const std::uint32_t chosen = way.grouping.choose(emit.values, emit.values + emit.size);
    if (chosen < way.lanes.size() && way.grouping.edge().grouping == plan::Grouping::kFields &&
        GALE_FAILPOINT_EVERY("wrong-task-route")) {
      return (chosen + 1) % static_cast<std::uint32_t>(way.lanes.size());
    }
    return chosen;
  }
  std::uint32_t choose(Way& way, const Emit& emit);
  std::uint32_t choose_by_user(Way& way, const Emit& emit);
  [[nodiscard]] bool cycle_full(const Way& way, std::uint32_t chosen);
  void weigh();
  /// put(way, task) for each copy of the running emit.
  template <class F>
  void for_each_copy(const Emit& emit, F&& put);

  std::uint64_t put(const Way& way, std::uint32_t task, const Emit& emit, const wire::Anchor* anchors,
                    std::uint32_t count) {
    if (GALE_FAILPOINT_EVERY("drop-one-in-a-million")) return 0;
    std::uint8_t* at = record(way, task, emit, count);
    const std::uint64_t edge = edge_();
    for (std::uint32_t i = 0; i < count; ++i) wire::put_anchor(at, i, {anchors[i].root, edge, anchors[i].ledger});
    return edge;
  }
  /// A record with room for `count` anchors, its values in place.
  std::uint8_t* record(const Way& way, std::uint32_t task, const Emit& emit, std::uint32_t count) {
    const std::uint32_t values_at = wire::kRecordHead + count * wire::kAnchorBytes;
    std::uint8_t* at = outbox_.room(way.lanes[task], values_at + emit.size, now_);
    const gale_in_record head{values_at + emit.size, static_cast<std::uint16_t>(values_at), way.input};
    std::memcpy(at, &head, sizeof head);
    codec::copy_bytes(at + values_at, emit.values, emit.size);
    ++copies_;
    return at;
  }
  bool choose_all(const Emit& emit);
  bool take_chosen(const Emit& emit);

 public:
  /// Why the last emit that could not be routed was not.
  [[nodiscard]] std::string why_not(const std::string& stream) const;
  /// Copies made since the last call. For the counters.
  std::uint64_t take_copies() noexcept { return std::exchange(copies_, 0); }

 private:
  Outbox& outbox_;
  std::vector<Stream> streams_;        // by number
  std::vector<std::uint32_t> chosen_;  // by way, for the running emit
  std::vector<std::uint32_t> load_;    // for weigh()
  std::vector<std::uint32_t> crowd_;
  bool tight_ = false;
  bool keeps_tasks_ = false;
  std::string refusal_;               // empty: a key has no hash
  std::string refused_early_;         // that of the last routed()
  std::vector<wire::Anchor> joined_;  // roots of the running joined emit
  EdgeSource edge_;
  TimePoint now_{};
  TimePoint weigh_at_ = TimePoint::max();  // when to look at the readers' load again
  std::uint64_t copies_ = 0;
};

}  // namespace gale::execute
