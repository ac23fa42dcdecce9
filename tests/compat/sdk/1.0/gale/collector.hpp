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
    write(runtime_.default_stream, anchor_, 0, 0, values...);
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
        out_.write(stream_, anchor_, 0, 0, values...);
      } else {
        out_.write_list(stream_, std::span<const std::uint64_t>(anchors_), values...);
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
    static_assert(sizeof...(T) > 0, "from() wants tuples; unanchored() has none");
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

  Collector(const detail::Runtime& runtime, gale_out& out, std::uint8_t* verdict) noexcept
      : runtime_(runtime),
        out_(out),
        verdict_(verdict),
        arity_(runtime.arity.data()),
        streams_(static_cast<std::uint16_t>(runtime.arity.size())) {}
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

  /// The hot way: one anchor at most, inlined into user code. `flags` and `id` for tracked emits of spouts.
  template <std::uint8_t kFlags = 0, class... V>
  [[gnu::always_inline]] void write(std::uint16_t stream, std::uint32_t anchor, std::uint8_t flags, std::uint64_t id,
                                    const V&... values) {
    check<V...>(stream);
    if (anchor < GALE_ANCHOR_LIST && __builtin_expect(is_done(verdict_[anchor]), 0)) return misused();
    constexpr std::size_t kId = (kFlags & GALE_TRACKED) != 0 ? 8 : 0;
    constexpr std::size_t kValuesAt = sizeof(gale_out_record) + kId;
    std::uint8_t* const begin = reserve(kValuesAt + 5 + (codec::Pack<V>::bound(values) + ... + 0));
    if constexpr (kId != 0) std::memcpy(begin + sizeof(gale_out_record), &id, 8);
    std::uint8_t* p = codec::put_array_head(begin + kValuesAt, sizeof...(V));
    ((p = codec::Pack<V>::write(p, values)), ...);
    put_head(begin, {static_cast<std::uint32_t>(p - begin), kValuesAt, stream, GALE_EMIT, flags, 0, anchor});
    out_.at = p;
  }

  /// Anchored to a list of inputs and kept tuples.
  template <class... V>
  void write_list(std::uint16_t stream, std::span<const std::uint64_t> anchors, const V&... values) {
    check<V...>(stream);
    for (const std::uint64_t a : anchors) {
      if (a == kSettled || (a < GALE_FIRST_KEPT && is_done(verdict_[a]))) return misused();
    }
    const std::size_t values_at = sizeof(gale_out_record) + 8 * anchors.size();
    std::uint8_t* const begin = reserve(values_at + 5 + (codec::Pack<V>::bound(values) + ... + 0));
    std::memcpy(begin + sizeof(gale_out_record), anchors.data(), 8 * anchors.size());
    std::uint8_t* p = codec::put_array_head(begin + values_at, sizeof...(V));
    ((p = codec::Pack<V>::write(p, values)), ...);
    put_head(begin, {static_cast<std::uint32_t>(p - begin), static_cast<std::uint16_t>(values_at), stream, GALE_EMIT, 0,
                     static_cast<std::uint16_t>(anchors.size()), GALE_ANCHOR_LIST});
    out_.at = p;
  }

  const detail::Runtime& runtime_;
  gale_out& out_;
  std::uint8_t* verdict_;
  const std::uint16_t*
      arity_;  // of runtime_, by stream: kept here, since a byte written to the buffer may alias anything
  std::uint16_t streams_;
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
  template <class... V>
  [[gnu::always_inline]] void check(std::uint16_t stream) const {
    static_assert(
        (codec::Packable<V> && ...),
        "emit() takes bool, integers, floating point, text, Bytes, Value, std::optional, std::vector and maps of "
        "those; convert anything else, or specialise gale::codec::Pack for it");
    if (__builtin_expect(stream >= streams_, 0)) throw_stream();
    if (__builtin_expect(arity_[stream] != sizeof...(V), 0)) throw_arity(stream, sizeof...(V));
  }
  /// In two stores of eight bytes: what the host reads back in two loads.
  static void put_head(std::uint8_t* at, const gale_out_record& head) noexcept {
    const std::uint64_t low = head.size | std::uint64_t{head.values_at} << 32 | std::uint64_t{head.stream} << 48;
    const std::uint64_t high =
        head.kind | std::uint64_t{head.flags} << 8 | std::uint64_t{head.extra} << 16 | std::uint64_t{head.anchor} << 32;
    std::memcpy(at, &low, 8);
    std::memcpy(at + 8, &high, 8);
  }
  [[gnu::cold]] void misused() noexcept { ++out_.misuse; }
  static bool is_done(std::uint8_t verdict) noexcept {
    return static_cast<std::uint8_t>(verdict - GALE_VERDICT_ACKED) < 2;  // acked or failed
  }
  static constexpr std::uint64_t kSettled = ~std::uint64_t{0};
  static std::uint64_t anchor_of(const Tuple& t) noexcept { return t.number_; }
  static std::uint64_t anchor_of(const KeptTuple& t) noexcept { return t.handle_ == 0 ? kSettled : t.handle_; }

  [[noreturn, gnu::cold]] void throw_stream() const {
    throw Error("emit to a stream that " + runtime_.component +
                " does not declare: describe() wants d.emits({fields}) or d.stream(name, stream, {fields})");
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
    write(runtime_.default_stream, GALE_ANCHOR_NONE, 0, 0, values...);
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
    write<GALE_TRACKED>(stream, GALE_ANCHOR_NONE, flags, tracked.id, values...);
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
