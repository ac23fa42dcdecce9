// SPDX-License-Identifier: Apache-2.0
//
// Hooks: user code that watches others' tasks (TaskHook) or a whole worker process (WorkerHook), named in a topology
// under `hooks`. A plugin exports them beside its components: GALE_PLUGIN(name, version, Components..., Hooks...). They
// have keys, declared in describe(), and neither streams nor fields nor ticks.
//
// Threads: one object for each task and hook, all of whose calls happen on the turn of that task, as those of its
// component do: one thread at a time, not always the same one. So a hook needs no lock for its own members, and holds
// up the task while it runs: it must not block. What the info structs refer to is lent for the call; copy what you
// keep. A throw is counted with the task's and reported once for each text; it never touches a tuple. In prepare() and
// start() it keeps the task, or the worker, from starting. Of the Context a hook has no mailbox, no waker and no
// watch_fd.
#pragma once

#include "gale/context.hpp"
#include "gale/describe.hpp"
#include "gale/error.hpp"
#include "gale/tuple.hpp"

#include <chrono>
#include <cstdint>
#include <span>
#include <string_view>

namespace gale {

/// A tuple that left: every emit that was routed, replays and dead letters too. One that could not be is no emit; the
/// fail() of what it was anchored to says why.
struct EmitInfo {
  const Values& tuple;                   // stream() and fields() are those that it was emitted to
  std::span<const std::uint32_t> tasks;  // that get a copy, by their numbers within the topology; perhaps none
  std::uint32_t roots = 0;               // that wait for it; 0: it has no anchor
  bool tracked = false;                  // a spout's, with an id: then ...
  MessageId id = 0;                      // ... which, and ...
  std::uint32_t attempt = 0;             // ... the how-manieth try of it this is, from 1
};

enum class Verdict : std::uint8_t { forgotten, acked, failed, kept };

/// A bolt's execute that has returned, or thrown. Its emits, and what became of its input, are told after it.
struct ExecuteInfo {
  const Values& tuple;                   // the input: source(), stream(), fields()
  std::uint32_t source_task = 0;         // that emitted it, within the topology
  std::uint32_t roots = 0;               // that wait for it
  Verdict verdict = Verdict::forgotten;  // what execute did with it; an emit that cannot be routed fails it after all
  std::chrono::nanoseconds took{};
};

/// Of a bolt: an input that is done, by execute or, when it was kept, later. Of a spout: a root whose tuples are all
/// done; told after the spout's own ack().
struct AckInfo {
  const Values* tuple = nullptr;    // the bolt's input; null: a spout's root, then ...
  MessageId id = 0;                 // ... which
  std::uint32_t attempt = 0;        // ... which took so many tries
  std::chrono::nanoseconds took{};  // ... the last one from its emit to now
};

/// As AckInfo. Of a spout every attempt that failed is told, those too that the engine replays without a word to the
/// spout; after those of a tuple that went to the dead letters come its letter's.
struct FailInfo {
  const Values* tuple = nullptr;
  std::string_view reason;  // "<component>#<index>: why", "forgotten by ...", or "timed out ..."
  MessageId id = 0;
  std::uint32_t attempt = 0;
  bool final = false;  // of a root: it is not tried again
  std::chrono::nanoseconds took{};
};

/// Sees what tasks do (Storm: ITaskHook). One object for each task of the components that the topology names, of all
/// when it names none.
class TaskHook {
 public:
  virtual ~TaskHook() = default;
  /// As a component's: doc and keys.
  virtual void describe(Describe&) {}
  /// Before the component's open(). The context, that of the task, may be kept until cleanup() returns.
  virtual void prepare(Context&) {}
  virtual void emit(const EmitInfo&) {}
  virtual void execute(const ExecuteInfo&) {}
  virtual void ack(const AckInfo&) {}
  virtual void fail(const FailInfo&) {}
  /// After the component's close(), if prepare() returned.
  virtual void cleanup() {}
};

/// Begins and ends with a worker process (Storm: IWorkerHook): one object in each of them. What the tasks of a worker
/// share, a static of the plugin may hold: a plugin is loaded once a process.
class WorkerHook {
 public:
  virtual ~WorkerHook() = default;
  virtual void describe(Describe&) {}
  /// Before any task of the worker is opened. Of the context: topology(), worker(), workers(), time, log and counters.
  /// It may be kept until stop() returns.
  virtual void start(Context&) {}
  /// When all its tasks are closed, if start() returned; not in a process that is killed.
  virtual void stop() {}
};

namespace detail {

/// Values that are lent for one call.
class Borrowed final : public Values {
 public:
  Borrowed(const std::uint8_t* values, const std::uint8_t* end, const Input* input) noexcept
      : Values(values, end, input) {}
};

inline const Input& input_at(const std::vector<Input>& all, std::uint32_t number) {
  if (number >= all.size()) throw Error("the host tells of a stream that the hook does not know");
  return all[number];
}

inline Verdict verdict_of(std::uint32_t verdict) noexcept {
  return verdict <= GALE_VERDICT_KEPT ? static_cast<Verdict>(verdict) : Verdict::forgotten;
}

/// One event of the boundary as a call of user code.
template <class T>
void observe(T& user, const Runtime& runtime, const gale_event& e) {
  const std::chrono::nanoseconds took(e.took_ns);
  if (e.kind == GALE_EVENT_EMIT) {
    const Borrowed tuple(e.values, e.end, &input_at(runtime.streams, e.stream));
    user.T::emit(EmitInfo{tuple, {e.tasks, e.count}, e.roots, e.tracked != 0, e.id, e.attempt});
  } else if (e.kind == GALE_EVENT_EXECUTE) {
    const Borrowed tuple(e.values, e.end, &input_at(runtime.inputs, e.stream));
    user.T::execute(ExecuteInfo{tuple, e.source_task, e.roots, verdict_of(e.verdict), took});
  } else if (e.kind == GALE_EVENT_ACK || e.kind == GALE_EVENT_FAIL) {
    const bool root = e.stream == GALE_EVENT_ROOT;
    const Borrowed input(e.values, e.end, root ? nullptr : &input_at(runtime.inputs, e.stream));
    const Values* const tuple = root ? nullptr : &input;
    if (e.kind == GALE_EVENT_ACK) {
      user.T::ack(AckInfo{tuple, e.id, e.attempt, took});
    } else {
      user.T::fail(FailInfo{tuple, {e.reason.data, e.reason.size}, e.id, e.attempt, e.final != 0, took});
    }
  }  // else a kind of a newer minor
}

}  // namespace detail

}  // namespace gale
