// SPDX-License-Identifier: Apache-2.0
//
// EngineRun: a topology in a worker of this process, for tests that watch the engine keep its contract: planned from
// YAML as the command does it, with the plugins of <build>/tests/plugins.
// Threads: the test's; the scripts run on the worker's.
#pragma once

#include "engine/worker/worker.hpp"
#include "tests/contract/engine_scripted.hpp"

#include <atomic>
#include <condition_variable>
#include <cstdint>
#include <filesystem>
#include <functional>
#include <map>
#include <mutex>
#include <string>
#include <vector>

namespace gale::test {

/// Lets a test wait for what a script does. `until` is asked again after each poke of a script, and now and then.
class Signal {
 public:
  template <class F>
  void change(F&& f) {
    {
      const std::lock_guard lock(lock_);
      f();
    }
    changed_.notify_all();
  }
  template <class F>
  bool wait(F&& until, Duration most = std::chrono::seconds(20)) {
    std::unique_lock lock(lock_);
    return changed_.wait_for(lock, most, until);
  }
  template <class F>
  auto read(F&& f) {
    const std::lock_guard lock(lock_);
    return f();
  }

 private:
  std::mutex lock_;
  std::condition_variable changed_;
};

/// What a spout was told, message by message.
struct Told {
  struct Fail {
    std::string reason;
    std::uint32_t attempt = 0;
    bool final = false;
  };
  Signal signal;
  std::map<MessageId, int> acks;
  std::map<MessageId, std::vector<Fail>> fails;

  void listen(SpoutScript& script) {
    script.ack = [this](MessageId id) { signal.change([&] { ++acks[id]; }); };
    script.fail = [this](const Failure& f) {
      signal.change([&] { fails[f.id].push_back({std::string(f.reason), f.attempt, f.final}); });
    };
  }
};

/// A spout that emits (n, text) for n in [0, count), tracked by n, then finishes.
SpoutScript numbers(std::uint64_t count, Replay replay = Replay::engine);

/// "script: <address>", for `properties: {...}`.
std::string at(const SpoutScript& script);
std::string at(const BoltScript& script);
std::string at(const GroupingScript& script);
std::string at(const HookScript& script);
std::string at(const WorkerHookScript& script);

/// The usual topology: spout -> bolt, one task each. `config` as in YAML: "topology.max.attempts: 1".
std::string pair_of(const SpoutScript& spout, const BoltScript& bolt, const std::string& config = "",
                    const std::string& bolt_class = "Step");

/// spout -> bolt0 -> bolt1 ... -> sink, one task each: the last script is the sink's.
std::string chain(const SpoutScript& spout, const std::vector<const BoltScript*>& bolts,
                  const std::string& config = "");

/// <build>/tests/plugins.
std::vector<std::filesystem::path> plugin_dirs();
/// The plan of `yaml`; faults fail the test.
plan::Plan plan_of(const std::string& yaml, host::PluginSearch& plugins);

class EngineRun {
 public:
  /// `active`: whether its spouts begin so.
  explicit EngineRun(const std::string& yaml, std::uint32_t threads = 2, bool active = true);
  ~EngineRun();
  EngineRun(const EngineRun&) = delete;
  EngineRun& operator=(const EngineRun&) = delete;

  /// The text when it cannot start, else empty.
  std::string try_start();
  void start();
  /// Until all tasks have finished. False: not within `most`.
  bool finish(Duration most = std::chrono::seconds(30));
  void stop() { worker_->stop(); }
  [[nodiscard]] worker::Worker& worker() { return *worker_; }

  /// Looks again, now and then, until `true_now` says so. False: not within 20 s.
  bool eventually(const std::function<bool()>& true_now);
  /// Counters of a component, added up over its tasks.
  worker::TaskReport counts(const std::string& component);
  /// All errors reported until now.
  const std::vector<std::string>& errors();
  bool reported(const std::string& part);
  [[nodiscard]] bool results_lost() const { return results_lost_; }

 private:
  void take();
  plan::Plan plan_;
  SteadyClock clock_;
  host::PluginSearch plugins_;
  std::unique_ptr<worker::Worker> worker_;
  worker::Report last_;
  std::vector<std::string> errors_;
  bool results_lost_ = false;
};

/// start, finish, stop; false when it did not finish.
bool run_to_end(EngineRun& run);

}  // namespace gale::test
