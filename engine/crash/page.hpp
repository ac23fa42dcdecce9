// SPDX-License-Identifier: Apache-2.0
//
// Page: which call of user code each thread of a worker is in, in a file that outlives the process, whatever kills it.
// A thread writes its entry before a call; the number of the input that is executed is written by the SDK's loop
// (gale_out.running), one store a tuple. The tuple itself is not copied for that: the crash handler looks at it where
// it stands, and of a call that lasts capture() puts it here. Threads: an entry belongs to one thread; anybody may
// read.
#pragma once

#include "engine/base/clock.hpp"
#include "engine/base/ids.hpp"
#include "engine/base/result.hpp"

#include <atomic>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <mutex>
#include <string>
#include <string_view>

namespace gale::crash {

enum class Call : std::uint32_t {
  kNone,  // of the engine's own
  kOpen,
  kActivate,
  kNext,
  kJob,
  kExecute,
  kTick,
  kFinish,
  kCompleted,
  kClose
};
/// "execute"; "?" of what is none.
[[nodiscard]] const char* name_of(Call call) noexcept;

constexpr std::uint32_t kNotSaid = 0xffffffff;
constexpr std::size_t kTupleBytes = 400;  // of a tuple's values: the first that many are shown

/// A tuple, so that it can be told and known again.
struct Seen {
  std::uint32_t input = 0;  // which of the component's inputs it came by
  std::uint32_t size = 0;   // of the values
  std::uint64_t root = 0;   // the first; 0: none
  std::uint64_t hash = 0;   // of the values
  std::uint8_t bytes[kTupleBytes] = {};
};

/// What one thread is in. The first half is written before each call, so it is one cache line.
struct alignas(64) Entry {
  std::atomic<Call> call{Call::kNone};
  std::uint32_t running =
      kNotSaid;  // execute: the number of the input, by the SDK; else, and of an SDK before 1.5, unknown
  std::atomic<std::uint32_t> task{0};
  std::atomic<std::uint32_t> count{0};                       // execute: inputs of the batch
  std::atomic<std::uint32_t> first{0};                       // ...the number of the first that the call may run
  std::atomic<std::uint32_t> source{0};                      // ...whose they are
  std::atomic<const std::uint8_t*> at{nullptr};              // ...where that first one stands
  std::atomic<std::int64_t> since_ns{0};                     // the clock when the call began
  std::atomic<std::int32_t> thread{0};                       // its id; 0: the entry is nobody's
  alignas(64) std::atomic<std::uint32_t> seen_of{kNotSaid};  // the input that `seen` is, of the call since...
  std::atomic<std::int64_t> seen_since_ns{0};                // ...that time
  Seen seen;
};
static_assert(sizeof(Entry) == 512, "the file has them in a row");

[[nodiscard]] inline std::uint32_t running_of(const Entry& e) noexcept {
  return __atomic_load_n(&e.running, __ATOMIC_RELAXED);
}

/// Of the thread that asks. One that has none writes into one that nobody reads.
extern constinit thread_local Entry* mine;
[[nodiscard]] Entry* unattached() noexcept;

/// One call of user code; outside of one the entry says so.
class Scope {
 public:
  Scope(Call call, TaskId task, TimePoint now) noexcept : entry_(*mine) {
    __atomic_store_n(&entry_.running, kNotSaid, __ATOMIC_RELAXED);
    entry_.task.store(task.value, std::memory_order_relaxed);
    entry_.since_ns.store(now.time_since_epoch().count(), std::memory_order_relaxed);
    entry_.call.store(call, std::memory_order_release);
  }
  ~Scope() { entry_.call.store(Call::kNone, std::memory_order_release); }
  Scope(const Scope&) = delete;
  Scope& operator=(const Scope&) = delete;

 private:
  Entry& entry_;
};

/// The tuple that the entry's call executes, read where it stands; false when that is not known. On the entry's own
/// thread, of a process that may be broken: nothing is locked, nothing allocated.
[[nodiscard]] bool look(const Entry& entry, Seen& seen) noexcept;

/// Hash of a tuple's values, by which it is known again.
[[nodiscard]] std::uint64_t hash_of(const std::uint8_t* values, std::size_t size) noexcept;

class Page {
 public:
  /// `path` empty: in memory, for this process alone. `legend`: see legend.hpp.
  static Result<std::unique_ptr<Page>> make(const std::string& path, std::string_view legend);
  ~Page();
  Page(const Page&) = delete;
  Page& operator=(const Page&) = delete;

  /// For the calling thread; null when there are too many.
  Entry* take() noexcept;
  void give_back(Entry* entry) noexcept;
  /// Those of living threads that are in a call. Any thread.
  void each_call(const std::function<void(Entry&)>& look) const;
  /// Puts the tuple of a call that lasts into its entry, if it can be had. Any thread.
  static void capture(Entry& entry);
  [[nodiscard]] std::string_view legend() const noexcept { return legend_; }

 private:
  Page(std::uint8_t* at, std::size_t size, std::string_view legend) : at_(at), size_(size), legend_(legend) {}
  [[nodiscard]] Entry* entries() const noexcept;
  std::uint8_t* at_;
  std::size_t size_;
  std::string_view legend_;  // in it
  std::mutex lock_;          // who has which
};

/// What a page's file says when its process has ended, called for each thread that was in a call. False: no such file.
bool read_page(const std::string& path, const std::function<void(const Entry&, std::string_view legend)>& told);

}  // namespace gale::crash
