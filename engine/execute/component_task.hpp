// SPDX-License-Identifier: Apache-2.0
//
// ComponentTask: what spout and bolt tasks have in common: the instance of user code, the host's half of the boundary
// (the lent buffer, more, drop, keep), the outbox, the counters.
// The lent buffer: each pool thread has one, lent for the length of a call. What the running call wrote is not final
// (contract 12), so when the buffer is full it is held here until the call returns, or dropped when it throws.
// Threads: all but wake() and log belong to the task's turn.
#pragma once

#include "engine/base/histogram.hpp"
#include "engine/crash/page.hpp"
#include "engine/execute/copier.hpp"
#include "engine/execute/counters.hpp"
#include "engine/execute/environment.hpp"
#include "engine/execute/kept.hpp"
#include "engine/execute/outbox.hpp"
#include "engine/execute/schedulable.hpp"
#include "engine/execute/task_hooks.hpp"
#include "topology-api/host/instance.hpp"

#include <atomic>
#include <cstdint>
#include <cstring>
#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace gale::execute {

class ComponentTask : public Schedulable {
 public:
  ComponentTask(Environment& env, TaskId id);
  ~ComponentTask() override;

  /// Makes the instance and opens it. A text when the task cannot start.
  [[nodiscard]] std::optional<std::string> start(const gale_component& component);
  /// The groupings of plugins that its streams have, to be found and given by number before start().
  [[nodiscard]] const std::vector<const plan::Edge*>& customs() const noexcept { return custom_edges_; }
  [[nodiscard]] std::optional<std::string> start_custom(std::size_t number, const gale_component& component);
  /// The hooks that watch it, to be found and given by number before start().
  [[nodiscard]] std::vector<const plan::Hook*> hooks() const {
    return hooks_ ? hooks_->wanted() : std::vector<const plan::Hook*>();
  }
  [[nodiscard]] std::optional<std::string> start_hook(std::size_t number, const gale_component& hook);
  /// Calls close() and destroys the instance. After the pool has stopped.
  void stop();

  /// Wires stream `edge` to the tasks that read it, before start().
  void connect(const plan::Edge& edge, const std::vector<Destination*>& tasks);
  /// Its END alone goes to the tasks of `to`.
  void connect_end(ComponentId to, const std::vector<Destination*>& tasks);

  /// With the hook whose code it runs, if it does.
  [[nodiscard]] const std::string& name() const noexcept override {
    const std::string* const in_hook = hooks_ ? hooks_->running() : nullptr;
    return in_hook != nullptr ? *in_hook : name_;
  }
  /// User code's loop returns after the running execute or next, so that what it emitted can leave.
  void hurry() noexcept override { __atomic_store_n(&out_.stop, 1u, __ATOMIC_RELAXED); }
  [[nodiscard]] TaskId id() const noexcept { return id_; }
  [[nodiscard]] const Counters& counters() const noexcept { return counters_; }
  /// What user code counts (Context::counter). Any thread.
  [[nodiscard]] const UserMetrics& user_metrics() const noexcept { return metrics_; }
  /// Bolts: of one execute. Spouts: from emit to ack, of what was acked.
  [[nodiscard]] Histogram latency() const { return latency_.read(); }
  [[nodiscard]] const plan::Component& component() const noexcept { return component_; }
  [[nodiscard]] bool finished() const noexcept { return finished_.load(std::memory_order_acquire); }

 protected:
  /// Handles final records [at, end); returns where it had to stop (a spout without a free slot), usually `end`.
  virtual const std::uint8_t* pass(const std::uint8_t* at, const std::uint8_t* end) = 0;
  /// False: it is opened, and activated later.
  [[nodiscard]] virtual bool begins_active() noexcept { return true; }
  /// Copies the running batch's input `number` into a kept tuple.
  virtual bool keep(std::uint32_t number, gale_kept& kept) = 0;

  /// Runs one call of the instance: lends the buffer, calls, passes what became final. `call` returns a host::Status.
  template <class F>
  host::Status in_call(crash::Call kind, F&& call) {
    lend();
    host::Status status = told(kind, call);
    take_back();
    return status;
  }
  /// A call of user code that the crash page tells of.
  template <class F>
  auto told(crash::Call kind, F&& call) {
    const crash::Scope scope(kind, id_, now_);
    return call();
  }
  void lend();
  void take_back();
  /// Records that the pass could not take: they wait, and nothing else runs.
  [[nodiscard]] bool has_surplus() const noexcept { return !surplus_.empty(); }
  void retry_surplus();
  /// Tells the worker's budget what is held here. When the outbox was flushed, or a call holds more than before.
  void tell_held() {
    const std::uint64_t held = held_.size() + surplus_.size() + outbox_.bytes();
    if (held != told_held_) env_.budget.change(static_cast<std::int64_t>(held - std::exchange(told_held_, held)));
  }

  void settle_kept(std::uint64_t handle, bool acked, std::string_view reason);
  void fail_roots(const std::uint8_t* record, std::string_view reason);
  /// "<component>#<index>: why".
  [[nodiscard]] std::string reason(std::string_view why) const { return name_ + ": " + std::string(why); }
  void report(const std::string& text);
  void thrown(std::string_view where, const host::Status& status);
  void declare_finished();
  /// The roots of these records begin their timeout anew.
  void touch(const std::uint8_t* at, const std::uint8_t* end);
  /// Every third of the message timeout a task tells the ledgers which roots it holds, so that only what is lost, or
  /// stuck in user code, times out. `input` looks at what waits in front of the task.
  template <class F>
  void touch_when_due(F&& input) {
    if (now_ < next_touch_) return;
    next_touch_ = now_ + env_.plan.settings.message_timeout / 3;
    const auto look = [this](const std::uint8_t* at, const std::uint8_t* end) { touch(at, end); };
    input(look);
    outbox_.each(look);
  }
  /// Another call would only fill readers that are nearly full.
  [[nodiscard]] bool is_crowded() const noexcept { return !copier_.crowd().empty(); }
  /// ...then the task is woken when one of them has room. False: one has it now. Once the outbox is flushed.
  [[nodiscard]] bool wait_in_crowd() { return is_crowded() && outbox_.wait_for_room(copier_.crowd()); }
  [[nodiscard]] TimePoint next_touch() const noexcept { return next_touch_; }
  [[nodiscard]] bool take_wake() noexcept { return woken_.exchange(false, std::memory_order_acq_rel); }
  /// After user code had its chance to drain the file descriptor that woke it.
  void arm_watch();
  /// Why the copier could not route it.
  [[nodiscard]] std::string why_not(const Emit& emit) const {
    return copier_.why_not(component_.streams[emit.stream].name);
  }
  /// One emit record without an anchor. A key that cannot be routed is a counted, reported drop: false.
  bool emit_plain(const Emit& emit);
  static Emit emit_of(const std::uint8_t* at, const gale_out_record& r) noexcept {
    Emit emit{r.stream, at + r.values_at, r.size - r.values_at, {}};
    if (__builtin_expect((r.flags & (GALE_DIRECT | GALE_CHOSEN)) == 0, 1)) return emit;
    const std::uint8_t* const named = at + sizeof r + ((r.flags & GALE_TRACKED) != 0 ? 8 : 0);
    if ((r.flags & GALE_CHOSEN) != 0) {
      emit.chosen = named;
    } else {
      std::memcpy(&emit.to.emplace().value, named, 4);
    }
    return emit;
  }
  /// Where the anchors of a record with a list of them begin.
  static const std::uint8_t* anchors_of(const std::uint8_t* at, const gale_out_record& r) noexcept {
    return at + r.values_at - std::size_t{8} * r.extra;
  }
  void publish_counts() noexcept {
    counters_.emitted.add(std::exchange(emitted_, 0));
    counters_.transferred.add(copier_.take_copies());
    counters_.misuse.add(std::exchange(out_.misuse, 0));
  }

  Environment& env_;
  const TaskId id_;
  const plan::Component& component_;
  const std::string name_;
  Counters counters_;
  LiveHistogram latency_;
  UserMetrics metrics_;
  Outbox outbox_;
  Copier copier_;
  AckOutbox acks_;
  KeptTable kept_;
  std::unique_ptr<TaskHooks> hooks_;  // null when nobody watches: looked at once a call, not for a tuple
  std::optional<host::Instance> instance_;
  gale_out out_{};
  TimePoint now_{};  // of this turn's last clock read
  std::uint64_t emitted_ = 0;

 private:
  static std::uint32_t more_thunk(gale_out* out, std::uint64_t need) noexcept;
  static void drop_thunk(gale_out* out) noexcept;
  std::uint32_t more(std::uint64_t need);
  void offer_final(const std::uint8_t* begin, const std::uint8_t* end);
  void fill_table();
  bool watch(int fd);
  std::uint32_t choose(std::uint32_t stream, std::span<const std::uint8_t> values, gale_targets& chosen);

  std::vector<const plan::Edge*> custom_edges_;
  std::vector<std::unique_ptr<CustomGrouping>> customs_;  // by number, as custom_edges_
  gale_task table_{};
  std::string info_;
  std::vector<std::uint8_t> held_;     // of the running call, taken out of a full buffer
  std::vector<std::uint8_t> large_;    // lent when one record needs more than the thread's buffer
  std::vector<std::uint8_t> surplus_;  // final, not yet passed
  std::uint8_t* lent_ = nullptr;
  std::uint8_t* lent_end_ = nullptr;
  std::uint64_t told_held_ = 0;
  TimePoint next_touch_{};
  std::map<std::string, std::uint64_t> reported_;  // distinct errors and how often
  std::atomic<bool> woken_{false};
  std::mutex fired_lock_;
  std::vector<std::pair<int, std::uint64_t>> fired_;  // watched, to be armed again after the turn that they woke
  std::atomic<bool> finished_{false};
};

}  // namespace gale::execute
