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
#include "gale/stream.hpp"
#include "gale/tuple.hpp"

#include <array>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace gale {

namespace detail {
class SettleJob;
class TouchJob;
class MisuseJob;
}  // namespace detail

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
  [[gnu::always_inline]] void emit(const V&... values) {  // inlined, what it packs is in registers
    write(runtime_.default_stream, anchor_, 0, 0, values...);
  }

  /// Passes the values of a tuple on as they are, unread.
  void forward(const Values& tuple) { write_raw({runtime_.default_stream, anchor_}, tuple); }
  /// An emit that says which tasks get a copy, by their numbers within the topology; none when it cannot be routed or
  /// nobody reads the stream. The grouping is asked at once, with a call to the host, and the values are packed apart:
  /// a slow form.
  template <class... V>
  std::vector<std::uint32_t> emit_with_targets(const V&... values) {
    return write_chosen({runtime_.default_stream, anchor_}, values...);
  }
  /// An emit whose number of values is known at run time only.
  void emit_row(const Value::Array& values) { write_raw({runtime_.default_stream, anchor_}, values); }

 protected:
  /// All that may be said of where an emit goes and what it is anchored to.
  struct Where {
    std::uint16_t stream = 0;
    std::uint32_t anchor = GALE_ANCHOR_NONE;
    std::span<const std::uint64_t> anchors = {};  // for GALE_ANCHOR_LIST
    std::optional<std::uint32_t> task = {};
    const std::vector<std::uint32_t>* chosen = nullptr;  // by emit_with_targets()
    bool refused = false;                                // it cannot be routed, the host knows why
    std::uint8_t flags = 0;
    std::uint64_t id = 0;  // if GALE_TRACKED
  };

 public:
  /// Where an emit goes and what it is anchored to, for the one emit that follows.
  template <std::size_t kAnchors>
  class Emitter {
   public:
    [[nodiscard]] Emitter on(const Stream& stream) const {
      Emitter e = *this;
      e.stream_ = stream.number_;
      return e;
    }
    /// Names the task that gets the tuple, by its number within the topology (Context::targets). The stream must be a
    /// direct one, and the other way round: an emit to a direct stream must name a task.
    [[nodiscard]] Emitter to(std::uint32_t task) const {
      Emitter e = *this;
      e.task_ = task;
      return e;
    }
    template <class... V>
    void emit(const V&... values) const {
      if (kAnchors == 0 && !task_) return out_.write(stream_, anchor_, 0, 0, values...);
      out_.write_slow(where(), values...);
    }

    template <class... V>
    std::vector<std::uint32_t> emit_with_targets(const V&... values) const {
      return out_.write_chosen(where(), values...);
    }
    void forward(const Values& tuple) const { out_.write_raw(where(), tuple); }
    void emit_row(const Value::Array& values) const { out_.write_raw(where(), values); }

   private:
    friend class Collector;
    Emitter(Collector& out, std::uint16_t stream, std::uint32_t anchor) : out_(out), stream_(stream), anchor_(anchor) {}
    [[nodiscard]] Where where() const noexcept { return {stream_, anchor_, anchors_, task_}; }
    Collector& out_;
    std::uint16_t stream_;
    std::uint32_t anchor_;
    std::array<std::uint64_t, kAnchors> anchors_{};
    std::optional<std::uint32_t> task_;
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

  /// Begins the timeout of the kept tuple's roots anew: what is kept longer than topology.message.timeout.secs needs it
  /// now and then (Storm: resetTimeout). What waits in front of a task, and what it runs, the engine looks after.
  void touch(const KeptTuple& kept) {
    if (kept.handle_ == 0)
      ++out_.misuse;
    else
      record(GALE_TOUCH, 0, GALE_ANCHOR_NONE, kept.handle_, {});
  }

  /// False: what was emitted waits for its receivers, so return when you can; nothing is lost if you do not.
  [[nodiscard]] bool room() const noexcept { return __atomic_load_n(&out_.stop, __ATOMIC_RELAXED) == 0; }

 protected:
  friend class detail::SettleJob;
  friend class detail::TouchJob;
  friend class detail::MisuseJob;
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

  /// The same for everything that may be said of an emit.
  template <class... V>
  void write_slow(const Where& where, const V&... values) {
    check_packable<V...>();
    write_any(where, sizeof...(V), 5 + (codec::Pack<V>::bound(values) + ... + 0), [&](std::uint8_t* p) {
      p = codec::put_array_head(p, sizeof...(V));
      ((p = codec::Pack<V>::write(p, values)), ...);
      return p;
    });
  }
  template <class... V>
  std::vector<std::uint32_t> write_chosen(Where where, const V&... values) {
    check_packable<V...>();
    std::vector<std::uint8_t> packed(5 + (codec::Pack<V>::bound(values) + ... + 0));
    std::uint8_t* end = codec::put_array_head(packed.data(), sizeof...(V));
    ((end = codec::Pack<V>::write(end, values)), ...);
    const auto bytes = static_cast<std::size_t>(end - packed.data());
    std::vector<std::uint32_t> tasks = choose(where, sizeof...(V), packed.data(), end);
    where.chosen = &tasks;
    const auto put = [&](std::uint8_t* p) { return put_bytes(p, packed.data(), bytes); };
    if (!write_any(where, sizeof...(V), bytes, put)) tasks.clear();
    return tasks;
  }
  /// Values that are packed already, or of a number known at run time only.
  template <class V>
  void write_raw(const Where& where, const V& values) {
    write_any(where, values.size(), raw_bound(values), [&](std::uint8_t* p) { return put_raw(p, values); });
  }
  template <class Put>
  bool write_any(const Where& where, std::size_t count, std::size_t bound, Put&& put) {  // false: it was misuse
    if (where.stream >= streams_) throw_stream();
    const unsigned arity = arity_[where.stream] ^ (where.task ? detail::kDirect : 0u);
    if (arity != count) throw_arity(where.stream, count, where.task.has_value());
    if (where.anchor < GALE_ANCHOR_LIST && is_done(verdict_[where.anchor])) return misused(), false;
    for (const std::uint64_t a : where.anchors) {
      if (a == kSettled || (a < GALE_FIRST_KEPT && is_done(verdict_[a]))) return misused(), false;
    }
    const bool tracked = (where.flags & GALE_TRACKED) != 0;
    const std::size_t values_at = sizeof(gale_out_record) + (tracked ? 8 : 0) + (where.task ? 4 : 0) +
                                  chosen_bytes(where) + where.anchors.size_bytes();
    std::uint8_t* const begin = reserve(values_at + bound);
    std::uint8_t* at = begin + sizeof(gale_out_record);
    if (tracked) at = put_bytes(at, &where.id, 8);
    if (where.task) at = put_bytes(at, &*where.task, 4);
    if (where.chosen != nullptr) {
      const std::uint32_t n = where.refused ? GALE_REFUSED : static_cast<std::uint32_t>(where.chosen->size());
      at = put_bytes(put_bytes(at, &n, 4), where.chosen->data(), 4 * where.chosen->size());
    }
    if (!where.anchors.empty()) put_bytes(at, where.anchors.data(), where.anchors.size_bytes());
    std::uint8_t* const p = put(begin + values_at);
    const auto flags = static_cast<std::uint8_t>(where.flags | (where.task ? GALE_DIRECT : 0) |
                                                 (where.chosen == nullptr ? 0 : GALE_CHOSEN));
    put_head(begin, {static_cast<std::uint32_t>(p - begin), static_cast<std::uint16_t>(values_at), where.stream,
                     GALE_EMIT, flags, static_cast<std::uint16_t>(where.anchors.size()), where.anchor});
    out_.at = p;
    return true;
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
  static constexpr std::uint32_t kMostChosen = 12'000;  // with the anchors they stand before the values, in 64 KiB

  static std::size_t chosen_bytes(const Where& where) noexcept {
    return where.chosen == nullptr ? 0 : 4 + 4 * where.chosen->size();
  }
  std::vector<std::uint32_t> choose(Where& where, std::size_t count, const std::uint8_t* values,
                                    const std::uint8_t* end) {
    const gale_task& host = *runtime_.task;
    if (host.size < offsetof(gale_task, choose) + sizeof host.choose)
      throw Error("emit_with_targets wants a host that speaks plugin ABI 1.3");
    if (where.task) throw Error("emit_with_targets chooses itself: without to(task)");
    if (where.stream >= streams_) throw_stream();
    if (arity_[where.stream] != count) throw_arity(where.stream, count, false);
    std::vector<std::uint32_t> tasks(256);  // beyond it the grouping is asked again
    while (true) {
      gale_targets chosen{sizeof chosen, 0, static_cast<std::uint32_t>(tasks.size()), 0, tasks.data()};
      const std::uint32_t status = host.choose(&host, where.stream, values, end, &chosen);
      tasks.resize(status == GALE_OK ? chosen.count : tasks.size());
      if (status == GALE_OK) return tasks;
      where.refused = status != GALE_TOO_MUCH;
      if (where.refused) return {};
      if (chosen.count > kMostChosen) throw Error("emit_with_targets to more than 12 000 tasks");
      tasks.resize(chosen.count);
    }
  }

  static std::size_t raw_bound(const Values& v) noexcept { return static_cast<std::size_t>(v.end_ - v.values_); }
  static std::size_t raw_bound(const Value::Array& v) noexcept { return codec::Pack<Value::Array>::bound(v); }
  static std::uint8_t* put_raw(std::uint8_t* p, const Values& v) noexcept {
    std::memcpy(p, v.values_, raw_bound(v));
    return p + raw_bound(v);
  }
  static std::uint8_t* put_raw(std::uint8_t* p, const Value::Array& v) noexcept {
    return codec::Pack<Value::Array>::write(p, v);
  }
  static std::uint8_t* put_bytes(std::uint8_t* p, const void* bytes, std::size_t size) noexcept {
    if (size != 0) std::memcpy(p, bytes, size);
    return p + size;
  }
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
  static constexpr void check_packable() {
    static_assert(
        (codec::Packable<V> && ...),
        "emit() takes bool, integers, floating point, text, Bytes, Value, std::optional, std::vector and maps of "
        "those; convert anything else, or specialise gale::codec::Pack for it");
  }
  template <class... V>
  [[gnu::always_inline]] void check(std::uint16_t stream) const {
    check_packable<V...>();
    if (__builtin_expect(stream >= streams_, 0)) throw_stream();
    if (__builtin_expect(arity_[stream] != sizeof...(V), 0)) throw_arity(stream, sizeof...(V), false);
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
  [[noreturn, gnu::cold]] void throw_arity(std::uint16_t stream, std::size_t n, bool names_task) const {
    const std::string name = "stream '" + runtime_.stream_names[stream] + "'";
    const bool direct = (runtime_.arity[stream] & detail::kDirect) != 0;
    if (direct && !names_task)
      throw Error("emit to the direct " + name + " without a task: on(stream).to(task).emit(...)");
    if (!direct && names_task) throw Error("emit to a named task on " + name + ", which is no direct stream");
    throw Error("emit of " + std::to_string(n) + " values to " + name + ", which has " +
                std::to_string(runtime_.arity[stream] & ~detail::kDirect) + " fields");
  }
};

/// A spout's collector: emit(values...) is untracked; emit({.id = n}, values...) is told by ack(n) or fail(n).
class SpoutCollector final : public Collector {
 public:
  template <class... V>
  [[gnu::always_inline]] void emit(const V&... values) {
    write(runtime_.default_stream, GALE_ANCHOR_NONE, 0, 0, values...);
  }
  template <class... V>
  [[gnu::always_inline]] void emit(Tracked tracked, const V&... values) {
    emit_to(runtime_.default_stream, tracked, values...);
  }
  template <class... V>
  void emit(const Stream& stream, Tracked tracked, const V&... values) {
    emit_to(number_of(stream), tracked, values...);
  }
  using Collector::emit_row;
  void emit_row(Tracked tracked, const Value::Array& values) { write_row(runtime_.default_stream, tracked, values); }
  void emit_row(const Stream& stream, Tracked tracked, const Value::Array& values) {
    write_row(number_of(stream), tracked, values);
  }
  using Collector::emit_with_targets;
  template <class... V>
  std::vector<std::uint32_t> emit_with_targets(Tracked tracked, const V&... values) {
    auto tasks =
        write_chosen({.stream = runtime_.default_stream, .flags = flags_of(tracked), .id = tracked.id}, values...);
    ++tracked_;
    return tasks;
  }
  /// To one task of a direct stream's readers: on(stream).to(task).emit(...) is its untracked form.
  template <class... V>
  void emit_direct(std::uint32_t task, const Stream& stream, Tracked tracked, const V&... values) {
    Where where{number_of(stream)};
    where.task = task;
    where.flags = flags_of(tracked);
    where.id = tracked.id;
    write_slow(where, values...);
    ++tracked_;
  }

 private:
  template <class T>
  friend struct PluginThunks;
  using Collector::Collector;

  template <class... V>
  [[gnu::always_inline]] void emit_to(std::uint16_t stream, Tracked tracked, const V&... values) {
    write<GALE_TRACKED>(stream, GALE_ANCHOR_NONE, flags_of(tracked), tracked.id, values...);
    ++tracked_;
  }
  void write_row(std::uint16_t stream, Tracked tracked, const Value::Array& values) {
    write_raw({.stream = stream, .flags = flags_of(tracked), .id = tracked.id}, values);
    ++tracked_;
  }
  static std::uint8_t flags_of(Tracked t) noexcept {
    return static_cast<std::uint8_t>(GALE_TRACKED | (t.replay == Replay::engine ? GALE_REPLAY_BY_ENGINE : 0));
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

class TouchJob final : public Job {
 public:
  explicit TouchJob(std::uint64_t handle) : handle_(handle) {}
  void run(Collector& out) override { out.record(GALE_TOUCH, 0, GALE_ANCHOR_NONE, handle_, {}); }

 private:
  std::uint64_t handle_;
};

/// What is already settled was acked, failed or touched again.
class MisuseJob final : public Job {
 public:
  void run(Collector& out) override { out.misused(); }
};

}  // namespace detail

inline void KeptTuple::tell_misuse() const {
  if (queue_ != nullptr) queue_->post(std::make_unique<detail::MisuseJob>());
}
inline void KeptTuple::touch() const {
  if (handle_ == 0) return tell_misuse();
  if (queue_ != nullptr) queue_->post(std::make_unique<detail::TouchJob>(handle_));
}
inline void KeptTuple::settle(bool ack, std::string_view why) {
  const std::uint64_t handle = std::exchange(handle_, 0);
  if (handle != 0 && queue_ != nullptr)
    queue_->post(std::make_unique<detail::SettleJob>(handle, std::string(why), ack));
}
inline void KeptTuple::ack() && {
  if (handle_ == 0) return tell_misuse();
  settle(true, {});
}
inline void KeptTuple::fail(std::string_view why) && {
  if (handle_ == 0) return tell_misuse();
  settle(false, why);
}
inline void KeptTuple::forget() noexcept {
  try {
    settle(false, "forgotten: a kept tuple was destroyed without ack or fail");
  } catch (...) {  // no memory for the job: the root fails by its timeout
  }
}

}  // namespace gale
