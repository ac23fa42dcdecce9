// SPDX-License-Identifier: Apache-2.0
//
// SpoutTask: calls next(), gives each tracked emit a slot in the ledger before any copy can leave, tells user code what
// became of it, and replays what is the engine's to replay.
// Its acker is scheduled by itself (acker_task.hpp), so a next() that blocks stops no ack.
// Place: stations 1-3 and 8 of a tuple's way (engine/README.md). Threads: the task's turn, but give(), which the acker
// calls.
#pragma once

#include "engine/ack/ledger.hpp"
#include "engine/execute/component_task.hpp"
#include "engine/execute/replays.hpp"

#include <cstdint>
#include <memory>
#include <mutex>
#include <optional>
#include <unordered_map>
#include <vector>

namespace gale::execute {

class SpoutTask final : public ComponentTask {
 public:
  SpoutTask(Environment& env, TaskId id, Incarnation incarnation);

  Turn run(TimePoint now) override;
  /// A spout that had more to say when its turn ended counts as a backlog: another core may take it.
  [[nodiscard]] std::uint64_t backlog() const noexcept override {
    return eager_.load(std::memory_order_relaxed) ? 65536 : 0;
  }

  [[nodiscard]] ack::Ledger& ledger() noexcept { return ledger_; }
  /// Who looks after the ledger. It is woken when a root is pending after there was none. Before the first turn.
  void set_acker(Schedulable& acker) noexcept { acker_ = &acker; }
  /// Completions from the acker. Any thread.
  void give(ack::Completions& done);
  /// No next() any more: what is pending completes, then END goes out, as if the input had ended. Any thread.
  void drain() noexcept {
    draining_.store(true, std::memory_order_release);
    env_.pool.wake(*this);
  }
  /// Whether next() is called, from its next turn on; acks and fails come in any case. Any thread.
  void set_active(bool active) noexcept { active_.store(active, std::memory_order_release); }
  /// Roots that are neither acked nor failed for good.
  [[nodiscard]] std::uint64_t pending() const noexcept { return pending_.load(std::memory_order_acquire); }

 protected:
  const std::uint8_t* pass(const std::uint8_t* at, const std::uint8_t* end) override;
  bool keep(std::uint32_t, gale_kept&) override { return false; }
  [[nodiscard]] bool begins_active() noexcept override { return runs_ = active_.load(std::memory_order_acquire); }

 private:
  void take_completions();
  void tell_acked(const std::vector<std::uint32_t>& slots);
  void tell_failed(const ack::Failed& failed);
  [[nodiscard]] RootEvent root_of(std::uint32_t slot) const {
    return {ledger_.message_of(slot), ledger_.attempt_of(slot), now_ - opened_[slot]};
  }
  const std::uint8_t* pass_run(const std::uint8_t* at, const std::uint8_t* end);
  const std::uint8_t* pass_untracked_run(const std::uint8_t* at, const std::uint8_t* end, std::uint16_t stream);
  const std::uint8_t* pass_tracked_run(const std::uint8_t* at, const std::uint8_t* end, std::uint16_t stream);
  void retry_due();
  [[nodiscard]] bool is_last(std::uint32_t attempt, const ack::Failed& failed) const;
  bool bury(const ack::Failed& failed, std::uint64_t message, std::uint16_t attempt);
  bool call_next();
  void after_next(const gale_run& run, const host::Status& status);
  void try_end();
  void tell_pending();
  void follow_orders();
  void activate(bool active);
  /// kTold: hooks watch.
  template <bool kTold>
  const std::uint8_t* pass_as(const std::uint8_t* at, const std::uint8_t* end);
  template <bool kTold>
  void open_root(const Emit& emit, std::uint64_t message, std::uint16_t attempt, bool by_engine);
  [[nodiscard]] std::uint16_t next_attempt(std::uint64_t message);
  [[nodiscard]] bool may_call() const;
  [[nodiscard]] bool wants_call() const;

  ack::Ledger ledger_;
  Schedulable* acker_ = nullptr;
  bool acker_awake_ = false;
  const LedgerId ledger_id_;
  const bool tracks_;                                // else a root is done when it is emitted
  const std::optional<std::uint16_t> dead_letters_;  // the stream, if somebody reads it
  std::vector<std::uint32_t> free_;                  // slots; the last used first, which is the warm one
  std::unique_ptr<TimePoint[]> opened_;              // by slot: when the root was emitted
  Replays replays_;
  std::unordered_map<std::uint64_t, std::uint16_t> failed_once_;  // messages a spout may emit again, and their attempts
  std::vector<std::uint32_t> done_at_once_;                       // roots that nobody subscribed to
  std::vector<ack::Failed> refused_;                              // roots that no key could route
  std::vector<gale_completion> told_;

  std::mutex lock_;
  ack::Completions given_;  // guarded by lock_
  ack::Completions taken_;

  std::uint32_t state_ = GALE_NEXT_EMITTED;
  TimePoint idle_until_{};  // for GALE_NEXT_UNTIL and the back-off of an empty or throwing next()
  Duration pause_{};        // the running back-off
  bool threw_ = false;      // ... is that of a next() that threw: no waker ends it
  bool rearm_ = false;      // what next() watches is to be watched again, once it has looked
  double mean_ns_ = 1e5;    // of one next(), begun with one a call
  bool ended_ = false;
  bool runs_ = true;  // user code has been activated, and not deactivated since
  bool drained_ = false;
  std::atomic<std::uint64_t> pending_{0};
  std::atomic<bool> eager_{false};
  std::atomic<bool> draining_{false};
  std::atomic<bool> active_{true};
};

}  // namespace gale::execute
