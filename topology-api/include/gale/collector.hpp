// SPDX-License-Identifier: Apache-2.0
//
// Collector: emits, acks and fails of the running call. Passed to each call, never stored, used on the task's turn
// only. What one call emits becomes final when it returns; when it throws, none of it leaves. An emit packs once into a
// buffer of the host's and never blocks: a full downstream stops the next call, not this one.
#pragma once

#include "gale/abi.h"
#include "gale/codec/write.hpp"
#include "gale/error.hpp"
#include "gale/runtime.hpp"
#include "gale/tuple.hpp"

#include <array>
#include <cstdint>
#include <cstring>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace gale {

namespace detail {
class SettleJob;
}

/// A stream declared in describe() by d.stream(name, stream_, fields).
class Stream {
 private:
  friend class Describe;
  friend class Collector;
  std::uint16_t number_ = detail::kNoStream;
};

using MessageId = std::uint64_t;

/// Who replays a tracked tuple that failed: the engine, which keeps its bytes until it is done and tells the spout only
/// the end, or the spout itself, which is told of every failure.
enum class Replay : std::uint8_t { engine, spout };

struct Tracked {
  MessageId id = 0;
  Replay replay = Replay::engine;
};

class Collector {
 public:
  Collector(const Collector&) = delete;
  Collector& operator=(const Collector&) = delete;

  /// To the default stream, anchored to the running execute's input; without an anchor in tick, finish and jobs.
  /// Throws Error when the number of values is not the stream's, or the component declares no default stream.
  template <class... V>
  void emit(const V&... values) {
    write(runtime_.default_stream, Target{anchor_, {}, 0, 0}, values...);
  }

  /// Where an emit goes and what it is anchored to, for the one emit that follows.
  template <std::size_t kAnchors>
  class Emitter {
   public:
    [[nodiscard]] Emitter on(const Stream& stream) const {
      Emitter e = *this;
      e.stream_ = stream.number_;
      return e;
    }
    template <class... V>
    void emit(const V&... values) const {
      if constexpr (kAnchors == 0) {
        out_.write(stream_, Target{anchor_, {}, 0, 0}, values...);
      } else {
        out_.write(stream_, Target{GALE_ANCHOR_LIST, {anchors_.data(), kAnchors}, 0, 0}, values...);
      }
    }

   private:
    friend class Collector;
    Emitter(Collector& out, std::uint16_t stream, std::uint32_t anchor) : out_(out), stream_(stream), anchor_(anchor) {}
    Collector& out_;
    std::uint16_t stream_;
    std::uint32_t anchor_;
    std::array<std::uint64_t, kAnchors> anchors_{};
  };

  [[nodiscard]] Emitter<0> on(const Stream& stream) { return {*this, stream.number_, anchor_}; }
  /// Emits without an anchor: nobody waits for what comes of it.
  [[nodiscard]] Emitter<0> unanchored() { return {*this, runtime_.default_stream, GALE_ANCHOR_NONE}; }
  /// Anchors to just these: the running input, kept tuples, or both.
  template <class... T>
  [[nodiscard]] Emitter<sizeof...(T)> from(const T&... tuples) {
    Emitter<sizeof...(T)> e(*this, runtime_.default_stream, GALE_ANCHOR_LIST);
    e.anchors_ = {anchor_of(tuples)...};
    return e;
  }

  /// Done with the running input. A second ack or fail of a tuple is refused and counted as misuse.
  void ack(const Tuple& tuple) noexcept { settle(tuple, GALE_VERDICT_ACKED); }
  /// The tuple's roots fail with this reason and are replayed by whoever owns the replay.
  void fail(const Tuple& tuple, std::string_view why) {
    if (!settle(tuple, GALE_VERDICT_FAILED)) return;
    record(GALE_FAIL, 0, tuple.number_, 0, why);
  }
  void ack(KeptTuple&& kept) {
    if (const std::uint64_t handle = take(kept)) record(GALE_ACK, 0, GALE_ANCHOR_NONE, handle, {});
  }
  void fail(KeptTuple&& kept, std::string_view why) {
    if (const std::uint64_t handle = take(kept)) record(GALE_FAIL, 0, GALE_ANCHOR_NONE, handle, why);
  }

  /// False: what was emitted waits for its receivers, so return when you can; nothing is lost if you do not.
  [[nodiscard]] bool room() const noexcept { return __atomic_load_n(&out_.stop, __ATOMIC_RELAXED) == 0; }

 protected:
  friend class detail::SettleJob;
  template <class T>
  friend struct PluginThunks;

  static std::uint16_t number_of(const Stream& stream) noexcept { return stream.number_; }
  void settle_kept(std::uint64_t handle, bool ack, std::string_view why) {
    settled_.push_back(handle);
    record(ack ? GALE_ACK : GALE_FAIL, 0, GALE_ANCHOR_NONE, handle, why);
  }

  struct Target {
    std::uint32_t anchor;
    std::span<const std::uint64_t> anchors;
    std::uint8_t flags;
    std::uint64_t id;
  };

  Collector(const detail::Runtime& runtime, gale_out& out, std::uint8_t* verdict) noexcept
      : runtime_(runtime), out_(out), verdict_(verdict) {}
  ~Collector() = default;

  /// One user call begins: its emits are anchored to input `number` of the batch, or to nothing.
  void begin(std::uint32_t number) noexcept {
    out_.begun = out_.at;
    anchor_ = number;
    if (__builtin_expect(!settled_.empty(), 0)) settled_.clear();
  }
  /// The running call threw: none of what it wrote leaves. In execute its input fails with `why`, and so do the kept
  /// tuples that the call had settled: nobody holds them any more.
  void raised(std::string_view why) noexcept {
    out_.drop(&out_);
    try {
      for (const std::uint64_t handle : settled_) record(GALE_FAIL, GALE_RAISED, GALE_ANCHOR_NONE, handle, why);
      if (verdict_ == nullptr) return;
      verdict_[anchor_] = GALE_VERDICT_FAILED;
      record(GALE_FAIL, GALE_RAISED, anchor_, 0, why);
    } catch (...) {  // no room for the text: the verdict alone fails it
    }
  }

  template <class... V>
  void write(std::uint16_t stream, const Target& to, const V&... values) {
    static_assert(
        (codec::Packable<V> && ...),
        "emit() takes bool, integers, floating point, text, Bytes, Value, std::optional, std::vector and maps of "
        "those; convert anything else, or specialise gale::codec::Pack for it");
    if (__builtin_expect(stream >= runtime_.arity.size(), 0)) throw_stream();
    if (__builtin_expect(runtime_.arity[stream] != sizeof...(V), 0)) throw_arity(stream, sizeof...(V));
    if (__builtin_expect(settled(to.anchor, to.anchors), 0)) {
      ++out_.misuse;
      return;
    }
    const std::size_t extras = 8 * to.anchors.size() + 8 + out_.hole;
    const std::size_t most = sizeof(gale_out_record) + extras + 5 + (codec::Pack<V>::bound(values) + ... + 0);
    std::uint8_t* const begin = reserve(most);
    std::uint8_t* p = begin + sizeof(gale_out_record);
    if ((to.flags & GALE_TRACKED) != 0) {
      std::memcpy(p, &to.id, 8);
      p += 8;
    }
    for (const std::uint64_t anchor : to.anchors) {
      std::memcpy(p, &anchor, 8);
      p += 8;
    }
    p += out_.hole;
    const auto values_at = static_cast<std::uint16_t>(p - begin);
    p = codec::put_array_head(p, sizeof...(V));
    ((p = codec::Pack<V>::write(p, values)), ...);
    const gale_out_record head{static_cast<std::uint32_t>(p - begin),         values_at, stream, GALE_EMIT, to.flags,
                               static_cast<std::uint16_t>(to.anchors.size()), to.anchor};
    std::memcpy(begin, &head, sizeof head);
    out_.at = p;
  }

  const detail::Runtime& runtime_;
  gale_out& out_;
  std::uint8_t* verdict_;
  std::uint32_t anchor_ = GALE_ANCHOR_NONE;
  std::vector<std::uint64_t> settled_;  // kept tuples that the running call has acked or failed

 private:
  static constexpr std::size_t kMostReason = 1024;

  std::uint8_t* reserve(std::size_t need) {
    if (__builtin_expect(static_cast<std::size_t>(out_.end - out_.at) < need, 0)) make_room(need);
    return out_.at;
  }
  [[gnu::cold, gnu::noinline]] void make_room(std::size_t need) {
    if (out_.more(&out_, need) != GALE_OK) {
      throw Error("one call emitted more than topology.execute.max.emit.bytes allows");
    }
  }
  void record(std::uint8_t kind, std::uint8_t flags, std::uint32_t anchor, std::uint64_t handle,
              std::string_view text) {
    text = text.substr(0, kMostReason);
    const std::size_t size = sizeof(gale_out_record) + 8 + text.size();
    std::uint8_t* const p = reserve(size);
    const gale_out_record head{
        static_cast<std::uint32_t>(size), sizeof(gale_out_record) + 8, 0, kind, flags, 0, anchor};
    std::memcpy(p, &head, sizeof head);
    std::memcpy(p + sizeof head, &handle, 8);
    if (!text.empty()) std::memcpy(p + sizeof head + 8, text.data(), text.size());
    out_.at = p + size;
  }
  bool settle(const Tuple& tuple, std::uint8_t verdict) noexcept {
    if (*tuple.verdict_ != GALE_VERDICT_NONE) {
      ++out_.misuse;
      return false;
    }
    *tuple.verdict_ = verdict;
    return true;
  }
  std::uint64_t take(KeptTuple& kept) {
    if (kept.handle_ == 0)
      ++out_.misuse;
    else
      settled_.push_back(kept.handle_);
    return std::exchange(kept.handle_, 0);
  }
  [[nodiscard]] bool settled(std::uint32_t anchor, std::span<const std::uint64_t> anchors) const noexcept {
    if (__builtin_expect(anchor < GALE_ANCHOR_LIST, 1)) return is_done(verdict_[anchor]);
    for (const std::uint64_t a : anchors) {
      if (a == kSettled || (a < GALE_FIRST_KEPT && is_done(verdict_[a]))) return true;
    }
    return false;
  }
  static bool is_done(std::uint8_t verdict) noexcept {
    return verdict == GALE_VERDICT_ACKED || verdict == GALE_VERDICT_FAILED;
  }
  static constexpr std::uint64_t kSettled = ~std::uint64_t{0};
  static std::uint64_t anchor_of(const Tuple& t) noexcept { return t.number_; }
  static std::uint64_t anchor_of(const KeptTuple& t) noexcept { return t.handle_ == 0 ? kSettled : t.handle_; }

  [[noreturn, gnu::cold]] void throw_stream() const {
    throw Error("emit to stream 'default', which " + runtime_.component +
                " does not declare: describe() wants d.emits({...})");
  }
  [[noreturn, gnu::cold]] void throw_arity(std::uint16_t stream, std::size_t n) const {
    throw Error("emit of " + std::to_string(n) + " values to stream '" + runtime_.stream_names[stream] +
                "', which has " + std::to_string(runtime_.arity[stream]) + " fields");
  }
};

/// A spout's collector: emit(values...) is untracked; emit({.id = n}, values...) is told by ack(n) or fail(n).
class SpoutCollector final : public Collector {
 public:
  template <class... V>
  void emit(const V&... values) {
    write(runtime_.default_stream, Target{GALE_ANCHOR_NONE, {}, 0, 0}, values...);
  }
  template <class... V>
  void emit(Tracked tracked, const V&... values) {
    emit_to(runtime_.default_stream, tracked, values...);
  }
  template <class... V>
  void emit(const Stream& stream, Tracked tracked, const V&... values) {
    emit_to(number_of(stream), tracked, values...);
  }

 private:
  template <class T>
  friend struct PluginThunks;
  using Collector::Collector;

  template <class... V>
  void emit_to(std::uint16_t stream, Tracked tracked, const V&... values) {
    const auto flags =
        static_cast<std::uint8_t>(GALE_TRACKED | (tracked.replay == Replay::engine ? GALE_REPLAY_BY_ENGINE : 0));
    write(stream, Target{GALE_ANCHOR_NONE, {}, flags, tracked.id}, values...);
    ++tracked_;
  }
  std::uint32_t tracked_ = 0;
};

namespace detail {

/// Acks (no reason) or fails a kept tuple on the task's turn. Holds the handle alone, so a job that is never run
/// because the task closed settles nothing and posts nothing.
class SettleJob final : public Job {
 public:
  SettleJob(std::uint64_t handle, std::string why, bool ack) : handle_(handle), why_(std::move(why)), ack_(ack) {}
  void run(Collector& out) override { out.settle_kept(handle_, ack_, why_); }

 private:
  std::uint64_t handle_;
  std::string why_;
  bool ack_;
};

}  // namespace detail

inline void KeptTuple::settle(bool ack, std::string_view why) {
  const std::uint64_t handle = std::exchange(handle_, 0);
  if (handle != 0 && queue_ != nullptr)
    queue_->post(std::make_unique<detail::SettleJob>(handle, std::string(why), ack));
}
inline void KeptTuple::ack() && { settle(true, {}); }
inline void KeptTuple::fail(std::string_view why) && { settle(false, why); }
inline void KeptTuple::forget() noexcept {
  try {
    settle(false, "forgotten: a kept tuple was destroyed without ack or fail");
  } catch (...) {  // no memory for the job: the root fails by its timeout
  }
}

}  // namespace gale
