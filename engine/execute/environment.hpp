// SPDX-License-Identifier: Apache-2.0
//
// Environment: what all tasks of one worker share. References only: the worker owns them and outlives its tasks.
#pragma once

#include "engine/base/clock.hpp"
#include "engine/execute/acks.hpp"
#include "engine/execute/budget.hpp"
#include "engine/execute/poller.hpp"
#include "engine/execute/pool.hpp"
#include "engine/plan/plan.hpp"
#include "engine/wire/batch_pool.hpp"

#include <string>

namespace gale::execute {

/// What a task has to say to whoever watches the worker. Any pool thread; must not block.
class Watcher {
 public:
  virtual ~Watcher() = default;
  /// The task has said all and its END is on its way.
  virtual void finished(TaskId task) = 0;
  /// A bolt begins to emit final results: from now on its memory cannot be replayed by anybody.
  virtual void finishing(TaskId task) = 0;
  /// Something to be shown; told once for each distinct text a task has.
  virtual void error(TaskId task, const std::string& text) = 0;
};

struct Environment {
  const plan::Plan& plan;
  const Clock& clock;
  Pool& pool;
  Poller& poller;
  wire::BatchPool& batches;
  Budget& budget;
  AckSink& acks;
  Watcher& watcher;
};

}  // namespace gale::execute
