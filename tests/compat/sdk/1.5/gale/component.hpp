// SPDX-License-Identifier: Apache-2.0
//
// What a user writes: a Spout brings tuples into a topology, a Bolt takes them further.
//
// Lifecycle of a task: constructed -> describe() -> open() -> activate() -> next()/execute()/tick()... -> close() ->
// destroyed. All calls happen on the task's turn: one thread at a time, not always the same one, so use no
// thread_local. Any call may throw. In execute the running tuple fails with the text; open: the task does not start;
// next: it is called again after a while; finish: the run ends with status 1; elsewhere it is counted and reported.
// Nothing that a throwing call emitted leaves.
#pragma once

#include "gale/collector.hpp"
#include "gale/context.hpp"
#include "gale/describe.hpp"
#include "gale/tuple.hpp"

#include <algorithm>
#include <cstdint>
#include <string>

namespace gale {

class Component {
 public:
  virtual ~Component() = default;
  /// Declares doc, keys, streams and fields, and binds members to them. Runs on a fresh object, perhaps without an
  /// engine: no I/O, no threads.
  virtual void describe(Describe&) {}
  /// Keys are set, fields resolved. The context may be kept until close() returns.
  virtual void open(Context&) {}
  virtual void activate() {}
  /// A deactivated spout still gets acks and fails, but no next().
  virtual void deactivate() {}
  /// Releases; it may join its threads. Emits nothing: finish() is the place for last words.
  virtual void close() {}
};

/// The tasks that a Grouping chooses.
class Targets {
 public:
  /// For the SDK.
  explicit Targets(gale_targets& into) noexcept : into_(into) {}
  Targets(const Targets&) = delete;
  Targets& operator=(const Targets&) = delete;

  [[nodiscard]] std::uint32_t tasks() const noexcept { return into_.capacity; }
  /// A second time changes nothing. Throws Error when there is no such task.
  void add(std::uint32_t index) {
    if (index >= into_.capacity) {
      throw Error("a grouping chose task " + std::to_string(index) + " of " + std::to_string(into_.capacity) +
                  ", counting from 0");
    }
    if (std::find(into_.at, into_.at + into_.count, index) == into_.at + into_.count) into_.at[into_.count++] = index;
  }

 private:
  gale_targets& into_;
};

/// What next() says of itself.
class Next {
 public:
  /// Something was emitted, or may be soon: call again. A next() that emits nothing is retried after 1 ms, then later,
  /// up to every 100 ms.
  static Next emitted() { return {GALE_NEXT_EMITTED, {}}; }
  static Next idle_until(TimePoint time) { return {GALE_NEXT_UNTIL, time}; }
  /// Until a waker fires or a watched file descriptor is readable; one that fired during next() is not lost.
  static Next idle_until_woken() { return {GALE_NEXT_WOKEN, {}}; }
  /// Never call again: the input has ended. Acks and fails still come.
  static Next finished() { return {GALE_NEXT_FINISHED, {}}; }

  [[nodiscard]] std::uint32_t state() const noexcept { return state_; }
  [[nodiscard]] TimePoint until() const noexcept { return until_; }

 private:
  Next(std::uint32_t state, TimePoint until) : state_(state), until_(until) {}
  std::uint32_t state_;
  TimePoint until_;
};

struct Failure {
  MessageId id = 0;
  std::string_view reason;    // "<component>#<index>: why", or "timed out"; lent for the call
  std::uint32_t attempt = 1;  // how often the message has been tried
  bool final = false;         // it will not be tried again (engine replay), or should not be (the spout's own)
};

class Spout : public Component {
 public:
  virtual Next next(SpoutCollector& out) = 0;
  /// Exactly one of ack and fail for each tracked emit of a living spout.
  virtual void ack(MessageId) {}
  virtual void fail(const Failure&) {}
};

/// Acks and fails its inputs itself. A tuple neither acked, failed nor kept when execute returns fails: "forgotten".
class Bolt : public Component {
 public:
  virtual void execute(const Tuple& tuple, Collector& out) = 0;
  /// Runs every tick_every, late rather than twice. Emits without an anchor.
  virtual void tick(TimePoint, Collector&) {}
  /// All inputs have ended. True: all is said. False: called again when what was emitted is delivered, and after the
  /// next tick or job. What it emits has no roots: nobody replays it.
  virtual bool finish(Collector&) { return true; }
};

/// Which tasks get a tuple, chosen by user code. One object for each task that emits and each subscription; a topology
/// names it in `grouping: {type: CUSTOM, customClass: {className: <plugin>.<Grouping>}}`. Its Context: tasks() are
/// those of the component that reads, index() is that of the task which emits. What it declares it reads is checked
/// against the stream. A throw fails the emit's input or root.
class Grouping : public Component {
 public:
  /// Adds to `to` by index, from 0 to to.tasks() - 1. None: nobody gets the tuple, and nobody waits for it.
  virtual void choose(const Values& tuple, Targets& to) = 0;
};

/// Its input is acked when execute returns, unless it was failed or kept.
class BasicBolt : public Bolt {};

}  // namespace gale
