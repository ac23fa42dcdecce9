// SPDX-License-Identifier: Apache-2.0
//
// WorkerHook: a hook of a plugin that begins and ends with this worker process: the instance of user code and its half
// of the boundary. It is schedulable in name alone, so that the pool knows whose code runs: it has no turns.
// Threads: the worker's owner's; the log from any.
#pragma once

#include "engine/base/clock.hpp"
#include "engine/execute/counters.hpp"
#include "engine/execute/schedulable.hpp"
#include "engine/plan/plan.hpp"
#include "topology-api/host/instance.hpp"

#include <cstdint>
#include <optional>
#include <string>

namespace gale::execute {

class WorkerHook final : public Schedulable {
 public:
  /// `clock` outlives it.
  WorkerHook(const plan::Plan& plan, const plan::Hook& hook, WorkerId worker, const Clock& clock);

  /// Makes the instance and starts it. A text when it cannot, and then the worker does not.
  [[nodiscard]] std::optional<std::string> start(const gale_component& component);
  /// Stops it, if it was started, and destroys it. A text when it threw.
  [[nodiscard]] std::string stop();

  Turn run(TimePoint) override { return {}; }
  [[nodiscard]] std::uint64_t backlog() const noexcept override { return 0; }
  [[nodiscard]] const std::string& name() const noexcept override { return name_; }

 private:
  const std::string name_;  // "hook plugin.Type"
  const Clock& clock_;
  const std::string info_;
  UserMetrics metrics_;
  gale_task table_{};
  std::optional<host::Instance> instance_;
  bool started_ = false;
};

}  // namespace gale::execute
