// SPDX-License-Identifier: Apache-2.0
//
// TaskHooks: the hooks of one task: instances of user code that are told what it does, one after another, in the order
// of the topology file. A task without hooks has none of this, and asks once a call whether it has.
// What a hook throws is the task's to report, and changes nothing.
// Threads: the task's turn; running() from any.
#pragma once

#include "engine/base/clock.hpp"
#include "engine/execute/copier.hpp"
#include "engine/plan/plan.hpp"
#include "engine/wire/record.hpp"
#include "topology-api/host/instance.hpp"

#include <atomic>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace gale::execute {

/// A spout's root as hooks are told of it; `took` is since the emit of its last attempt.
struct RootEvent {
  std::uint64_t message = 0;
  std::uint32_t attempt = 1;
  Duration took{};
};

class TaskHooks {
 public:
  /// What a hook threw in one of the events: "hook plugin.Type: emit: why".
  using Thrown = std::function<void(const std::string& where, const host::Status& status)>;

  /// `source` is the table of the task: clock, log and counters are those of it.
  TaskHooks(const plan::Plan& plan, TaskId task, const gale_task& source, Thrown thrown);
  TaskHooks(const TaskHooks&) = delete;
  TaskHooks& operator=(const TaskHooks&) = delete;

  /// Those of the plan that watch this task, to be found and given by number to prepare().
  [[nodiscard]] const std::vector<const plan::Hook*>& wanted() const noexcept { return wanted_; }
  /// Makes the instance and prepares it. A text when it cannot start, and then the task does not.
  [[nodiscard]] std::optional<std::string> prepare(std::size_t number, const gale_component& component);
  /// Those that were prepared. When the component is closed.
  void cleanup();

  /// `root`: it was a spout's tracked emit.
  void emitted(const Emit& emit, Copier& by, std::uint32_t roots, const RootEvent* root);
  /// `record` is the input, as it stands in its batch.
  void executed(const std::uint8_t* record, TaskId source, std::uint8_t verdict, Duration took);
  void acked(const std::uint8_t* record);
  void failed(const std::uint8_t* record, std::string_view reason);
  void acked(const RootEvent& root);
  void failed(const RootEvent& root, std::string_view reason, bool final);

  /// The hook that has been called and has not returned: "plugin.Type". Null: none.
  [[nodiscard]] const std::string* running() const noexcept { return running_.load(std::memory_order_acquire); }

 private:
  struct One {
    std::string name;  // "hook plugin.Type"
    std::string info;
    gale_task table{};
    std::string running;  // what the task is called while this is called
    std::optional<host::Instance> instance;
    bool prepared = false;
  };
  void tell(const gale_event& event, const char* call);

  std::vector<const plan::Hook*> wanted_;
  std::vector<std::unique_ptr<One>> all_;  // by number; pointers, since instances hold on to their tables
  Thrown thrown_;
  std::vector<std::uint32_t> tasks_;  // of the emit that is told
  std::atomic<const std::string*> running_{nullptr};
};

}  // namespace gale::execute
