// SPDX-License-Identifier: Apache-2.0
//
// Scripts: user code written where it is tested. The plugin `scripted` (engine_scripted.cpp) has a spout and bolts
// whose every call runs a function of the test's, found by an address in the key `script`: plugin and test are one
// process. Both have the streams default (n, text) and other (n), and
// a direct one, direct (n). A grouping and hooks run one as well. Threads: the functions run on their task's turn; what
// they share with the test is theirs to guard.
#pragma once

#include "gale/component.hpp"
#include "gale/hook.hpp"

#include <cstdint>
#include <functional>

namespace gale::test {

struct SpoutScript {
  std::function<void(Context&)> open;
  std::function<Next(SpoutCollector&, Context&)> next;
  std::function<void(MessageId)> ack;
  std::function<void(const Failure&)> fail;
  std::function<void()> activate, deactivate, close;
  Stream other, direct;  // set before open runs
};

struct BoltScript {
  std::function<void(Context&)> open;
  /// Without one: passes (n, text) on, anchored, and acks.
  std::function<void(const Tuple&, Collector&)> execute;
  /// Instead, for a script that several tasks run.
  std::function<void(const Tuple&, Collector&, Context&)> execute_as;
  std::function<void(TimePoint, Collector&)> tick;
  std::function<bool(Collector&)> finish;
  std::function<void()> activate, close;
  Stream other, direct;
};

struct GroupingScript {
  std::function<void(Context&)> open;
  std::function<void(const Values&, Targets&)> choose;
  std::function<void()> close;
};

struct HookScript {
  std::function<void(Context&)> prepare;
  std::function<void(const EmitInfo&)> emit;
  std::function<void(const ExecuteInfo&)> execute;
  std::function<void(const AckInfo&)> ack;
  std::function<void(const FailInfo&)> fail;
  std::function<void()> cleanup;
};

struct WorkerHookScript {
  std::function<void(Context&)> start;
  std::function<void()> stop;
};

}  // namespace gale::test
