// SPDX-License-Identifier: Apache-2.0
//
// Worker: one process's share of a topology: its tasks, wired to each other and to the links. It makes, opens, runs and
// closes them; whoever owns it (gale run, gale worker) decides when.
// Threads: the owner's for start(), report(), wait() and stop(); tasks run on the pool's.
#pragma once

#include "engine/base/clock.hpp"
#include "engine/base/result.hpp"
#include "engine/crash/page.hpp"
#include "engine/crash/poison.hpp"
#include "engine/execute/acker_task.hpp"
#include "engine/execute/bolt_task.hpp"
#include "engine/execute/environment.hpp"
#include "engine/execute/spout_task.hpp"
#include "engine/execute/worker_hook.hpp"
#include "engine/keys/security.hpp"
#include "engine/link/endpoints.hpp"
#include "engine/plan/plan.hpp"
#include "engine/worker/peers.hpp"
#include "engine/worker/report.hpp"
#include "topology-api/host/search.hpp"

#include <atomic>
#include <condition_variable>
#include <memory>
#include <mutex>
#include <optional>
#include <set>
#include <string>
#include <vector>

namespace gale::worker {

struct Options {
  WorkerId self;
  Incarnation incarnation{1};
  std::uint32_t threads = 0;                 // 0: the topology's, else one a core
  std::uint64_t token = 0;                   // of this run of the topology: frames of another are refused
  std::vector<link::Endpoints> own{};        // where this worker listens; nothing when there is one worker
  std::vector<link::Endpoints> places{};     // where all do, by WorkerId; what is not known yet is told by peer_moved()
  std::optional<keys::Security> security{};  // for what goes over tcp
  bool active = true;                        // false: spouts begin deactivated, see set_active()
  std::string crash_page = {};               // file that says what each thread runs, whatever ends it; empty: in memory
};

class Worker final : execute::AckSink, execute::Watcher {
 public:
  Worker(const plan::Plan& plan, const Options& options, const Clock& clock);
  ~Worker() override;
  Worker(const Worker&) = delete;
  Worker& operator=(const Worker&) = delete;

  /// `suspects`: as avoid(). Starts the worker's hooks, makes and opens every task of this worker, then lets them run.
  /// A text when one cannot start: nothing runs then.
  Result<void> start(host::PluginSearch& plugins, const crash::Suspects& suspects = {});
  /// Until every task has finished, or `most` has passed. True: all have finished.
  bool wait(Duration most);
  /// Counts what is worth a report at once: tasks that finish or begin to, and errors. wait_news() returns the number
  /// when it has moved past `seen`, or `most` has passed.
  [[nodiscard]] std::uint64_t wait_news(std::uint64_t seen, Duration most);
  /// Takes the errors with it; the rest can be read as often as wanted.
  [[nodiscard]] Report report();
  /// The tasks that have a turn now, and a hook of the worker's that has not returned: who they are when a stop() does
  /// not return. Any thread.
  [[nodiscard]] std::vector<std::string> running();
  /// Tuples that have crashed workers, not to be run again; in place of those it was given before. The owner's thread.
  void avoid(const crash::Suspects& suspects);
  /// Notes in the crash page what lasts, and ends the process when a call has lasted for topology.task.hang.secs. To be
  /// called now and then by the owner.
  void look_for_hung();
  /// Where this worker listens, with the ports that the system chose for "tcp://127.0.0.1:*". After start().
  [[nodiscard]] std::vector<link::Endpoints> listens_at() const;
  /// Listens there, too, from now on: when peers on other hosts come to be. The owner's thread, after start().
  Result<void> listen(const link::Endpoints& at);
  /// Another worker is to be found there from now on; nothing is lost by it. Any thread, after start().
  Result<void> peer_moved(WorkerId peer, const link::Endpoints& to);
  /// Spouts emit nothing new; the run then ends as if all input had ended. Any thread.
  void drain();
  /// Deactivated spouts get acks and fails, but no next(). After a drain() it means nothing. Any thread.
  void set_active(bool active);
  /// What the crash handler reads names from; null when it could not be made, which start() then says.
  [[nodiscard]] crash::Page* page() noexcept { return page_ ? page_->get() : nullptr; }
  /// Stops the pool, closes the components, stops the hooks. Idempotent.
  void stop();

 private:
  void tell(wire::AckBatch&& batch) override;
  void finished(TaskId task) override;
  void finishing(TaskId task) override;
  void error(TaskId task, const std::string& text) override;

  [[nodiscard]] std::string legend() const;
  void say(const std::string& line);
  void tell_stuck();
  void make_tasks();
  void wire_streams();
  [[nodiscard]] std::vector<execute::Destination*> destinations(const plan::Component& to, bool feedback);
  Result<void> start_hooks(host::PluginSearch& plugins);
  Result<void> open(host::PluginSearch& plugins, execute::ComponentTask& task);
  [[nodiscard]] bool local(TaskId task) const { return plan_.tasks[task.value].worker == options_.self; }

  const plan::Plan& plan_;
  const Options options_;
  const Clock& clock_;
  Result<std::unique_ptr<crash::Page>> page_;
  wire::BatchPool batches_;
  execute::Poller poller_;
  execute::Pool pool_;
  execute::Budget budget_;
  execute::Environment env_;
  std::unique_ptr<Peers> peers_;                             // null when there is one worker
  std::vector<std::unique_ptr<execute::BoltTask>> bolts_;    // by TaskId; null where not local or a spout
  std::vector<std::unique_ptr<execute::SpoutTask>> spouts_;  // by TaskId
  std::vector<std::unique_ptr<execute::AckerTask>> ackers_;  // by LedgerId; null where not local
  std::vector<std::unique_ptr<execute::WorkerHook>> hooks_;  // those that start() has come to, in order
  std::atomic<const execute::WorkerHook*> hook_running_{nullptr};
  bool running_ = false;

  std::mutex lock_;
  std::condition_variable changed_;
  std::size_t unfinished_ = 0;
  std::uint64_t news_ = 0;
  bool finishing_ = false, results_lost_ = false;
  std::vector<std::string> errors_;
  std::vector<std::unique_ptr<const execute::Poison>> avoided_;  // all that were: tasks may still look at them
  TimePoint hung_{};             // when a thread was told to end the process; the owner's thread
  std::set<std::string> stuck_;  // tasks that were told to be; the owner's thread
};

}  // namespace gale::worker
