// SPDX-License-Identifier: Apache-2.0
//
// Context: what a task may ask of its host. Given to open(); a component may keep the pointer until close returns.
// Threads: info(), warn(), error() and what mailbox() and waker() give may be used from any thread; the rest on the
// turn.
#pragma once

#include "gale/abi.h"
#include "gale/error.hpp"
#include "gale/mailbox.hpp"
#include "gale/runtime.hpp"
#include "gale/stream.hpp"

#include <atomic>
#include <charconv>
#include <chrono>
#include <cstdint>
#include <string>
#include <string_view>
#include <type_traits>
#include <vector>

namespace gale {

/// Monotonic; the host's clock, which a test turns by hand.
using TimePoint = std::chrono::time_point<std::chrono::steady_clock, std::chrono::nanoseconds>;

/// A metric of the user's own, shown with the component's counters. Cheap: a store. The task's turn only.
class Counter {
 public:
  Counter() = default;
  void add(std::uint64_t n = 1) noexcept {
    std::atomic_ref<std::uint64_t> cell(*cell_);  // others read it
    cell.store(cell.load(std::memory_order_relaxed) + n, std::memory_order_relaxed);
  }

 private:
  friend class Context;
  explicit Counter(std::uint64_t* cell) : cell_(cell) {}
  std::uint64_t unbound_ = 0;
  std::uint64_t* cell_ = &unbound_;

 public:
  Counter(const Counter& o) : cell_(o.cell_ == &o.unbound_ ? &unbound_ : o.cell_) {}
  Counter& operator=(const Counter& o) {
    cell_ = o.cell_ == &o.unbound_ ? &unbound_ : o.cell_;
    return *this;
  }
};

/// Wakes a spout that said idle_until_woken(). Copyable, any thread, outlives the task.
class Waker {
 public:
  Waker() = default;
  void wake() const {
    box_.post([](Collector&) {});
  }

 private:
  friend class Context;
  explicit Waker(Mailbox box) : box_(std::move(box)) {}
  Mailbox box_;
};

class Context {
 public:
  explicit Context(const detail::Runtime& runtime) : runtime_(runtime) {}
  Context(const Context&) = delete;
  Context& operator=(const Context&) = delete;

  [[nodiscard]] const std::string& topology() const noexcept { return runtime_.topology; }
  [[nodiscard]] const std::string& component() const noexcept { return runtime_.component; }
  /// This task's number within its component, from 0, and how many there are.
  [[nodiscard]] std::uint32_t index() const noexcept { return runtime_.index; }
  [[nodiscard]] std::uint32_t tasks() const noexcept { return runtime_.tasks; }
  /// This task's number within the topology.
  [[nodiscard]] std::uint32_t task() const noexcept { return runtime_.id; }
  /// The worker process of this task, from 1, and how many there are; 0 under a host older than plugin ABI 1.4.
  [[nodiscard]] std::uint32_t worker() const noexcept { return runtime_.worker; }
  [[nodiscard]] std::uint32_t workers() const noexcept { return runtime_.workers; }
  /// The tasks that read a direct stream of this component, one of which each emit to it names; of one component, or
  /// of all that read it. By their numbers within the topology.
  [[nodiscard]] std::vector<std::uint32_t> targets(const Stream& stream, std::string_view component = {}) const {
    std::vector<std::uint32_t> all;
    for (const detail::Output& o : runtime_.outputs) {
      if (stream.number_ >= runtime_.stream_names.size() || o.stream != runtime_.stream_names[stream.number_]) continue;
      if (!component.empty() && o.component != component) continue;
      for (std::uint32_t i = 0; i < o.tasks; ++i) all.push_back(o.first_task + i);
    }
    return all;
  }
  [[nodiscard]] TimePoint now() const noexcept {
    return TimePoint(std::chrono::nanoseconds(runtime_.task->now_ns(runtime_.task)));
  }

  /// One log line, its parts joined: text, numbers, bools. Any thread.
  template <class... P>
  void info(const P&... parts) const {
    say(GALE_LOG_INFO, parts...);
  }
  template <class... P>
  void warn(const P&... parts) const {
    say(GALE_LOG_WARN, parts...);
  }
  template <class... P>
  void error(const P&... parts) const {
    say(GALE_LOG_ERROR, parts...);
  }

  [[nodiscard]] Counter counter(std::string_view name) const {
    std::uint64_t* cell = runtime_.task->counter(runtime_.task, {name.data(), name.size()});
    return cell == nullptr ? Counter() : Counter(cell);
  }
  [[nodiscard]] Mailbox mailbox() const { return Mailbox(runtime_.queue); }
  [[nodiscard]] Waker waker() const { return Waker(mailbox()); }
  /// next() runs again when `fd` is readable. Level-triggered; the fd stays the component's. Throws Error if the host
  /// cannot watch it.
  void watch_fd(int fd) const {
    if (runtime_.task->watch_fd(runtime_.task, fd) != GALE_OK) {
      throw Error("cannot watch file descriptor " + std::to_string(fd));
    }
  }

 private:
  template <class... P>
  void say(std::uint32_t level, const P&... parts) const {
    std::string line;
    (append(line, parts), ...);
    runtime_.task->log(runtime_.task, level, {line.data(), line.size()});
  }
  template <class P>
  static void append(std::string& line, const P& part) {
    if constexpr (std::is_convertible_v<const P&, std::string_view>) {
      line += std::string_view(part);
    } else if constexpr (std::is_same_v<P, char>) {
      line += part;
    } else if constexpr (std::is_same_v<P, bool>) {
      line += part ? "true" : "false";
    } else {
      static_assert(std::is_arithmetic_v<P>, "log parts are text, numbers and bools");
      char digits[64];
      const auto [end, error] = std::to_chars(digits, digits + sizeof digits, part);
      line.append(digits, end);
    }
  }

  const detail::Runtime& runtime_;
};

}  // namespace gale
