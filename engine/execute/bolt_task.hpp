// SPDX-License-Identifier: Apache-2.0
//
// BoltTask: takes batches from its inbox, runs execute over them, and turns what user code wrote into copies and acks.
// The pass walks out-records and inputs together: emits anchored to input k come before those of k+1, so one cursor
// over the inputs is enough, and an input is finished (its ack or fail told) when the first record of a later one is
// seen, or the call has returned. Its edge and its children's edges leave in one entry (contract 3). Place: stations
// 4-6 of a tuple's way (engine/README.md). Threads: the task's turn.
#pragma once

#include "engine/execute/component_task.hpp"
#include "engine/execute/inbox.hpp"
#include "engine/execute/poison.hpp"

#include <atomic>
#include <cstdint>
#include <string>
#include <utility>
#include <vector>

namespace gale::execute {

class BoltTask final : public ComponentTask {
 public:
  BoltTask(Environment& env, TaskId id);

  Turn run(TimePoint now) override;
  [[nodiscard]] std::uint64_t backlog() const noexcept override { return inbox_.bytes(); }
  [[nodiscard]] Inbox& inbox() noexcept { return inbox_; }
  /// Tuples not to be run, from its next call on; outlives the task. Any thread.
  void avoid(const Poison* poison) noexcept { poison_.store(poison, std::memory_order_release); }
  /// Drops, counted, what came round a cycle after this task had said all. When the pool has stopped.
  void drop_rest();

 protected:
  const std::uint8_t* pass(const std::uint8_t* at, const std::uint8_t* end) override;
  bool keep(std::uint32_t number, gale_kept& kept) override;

 private:
  [[nodiscard]] bool step();
  void look_for_untracked(const wire::Batch& batch);
  void drop_left_over(wire::Batch& batch);
  void begin(wire::BatchPtr batch);
  void execute();
  [[nodiscard]] host::Status call_execute();
  void count_executed(std::uint32_t ran, Duration time);
  void give_up_batch(const host::Status& why);
  void wait_for_end_of(ComponentId component);
  void take_end(TaskId source);
  void tick();
  void try_finish();
  [[nodiscard]] std::uint32_t limit() noexcept;
  [[nodiscard]] std::uint32_t limit_by(const Poison& poison);
  void set_aside(const Poison& poison, wire::Batch& batch);
  bool put_aside(TaskId source, const std::uint8_t* record, std::uint32_t size);
  [[nodiscard]] wire::BatchPtr next_batch();
  void refuse_poison();

  template <std::uint32_t kValuesAt>
  class Walk;
  const std::uint8_t* pass_run(const std::uint8_t* at, const std::uint8_t* end);
  template <std::uint32_t kInputValuesAt>
  const std::uint8_t* pass_run_of(const std::uint8_t* at, const std::uint8_t* end, std::uint16_t stream);
  void finish_inputs(std::uint32_t upto);
  void finish_input(const gale_in_record& head);
  bool pass_anchored(const std::uint8_t* at, const gale_out_record& r);  // false: it could not be routed
  bool pass_joined(const std::uint8_t* at, const gale_out_record& r);
  void pass_other(const std::uint8_t* at, const gale_out_record& r);
  void pass_fail(const std::uint8_t* at, const gale_out_record& r);
  void settle(std::uint64_t handle, bool acked, std::string_view why);
  void anchor_failed(const gale_out_record& r, const std::uint8_t* at, const std::string& why);
  // The same where hooks watch (bolt_hooks.cpp).
  void execute_told();
  void finish_told();
  const std::uint8_t* pass_told(const std::uint8_t* at, const std::uint8_t* end);
  bool pass_emit_told(const std::uint8_t* at, const gale_out_record& r, std::uint32_t& roots);
  void tell_settled(const std::uint8_t* at, const gale_out_record& r);

  Inbox inbox_;
  // The running batch.
  wire::BatchPtr batch_;
  gale_batch view_{};
  std::vector<std::uint8_t> verdicts_;
  // The pass's cursor over its inputs.
  std::uint32_t input_ = 0;
  const std::uint8_t* input_at_ = nullptr;
  std::uint32_t keep_input_ = 0;  // keep()'s own cursor, which runs ahead
  const std::uint8_t* keep_at_ = nullptr;
  std::uint64_t children_ = 0;                                     // edges anchored to input_
  std::string fail_reason_;                                        // of input_
  std::vector<std::pair<std::uint32_t, std::uint64_t>> kept_now_;  // input numbers and handles, of this batch
  std::uint64_t acked_ = 0, failed_ = 0;
  // Ends.
  std::vector<TaskId> sources_;  // tasks that have not ended yet
  enum class Phase : std::uint8_t { kRunning, kFinishing, kSaid, kEnded } phase_ = Phase::kRunning;
  TimePoint ended_{};  // when the last of them did
  // Nobody can tell whether untracked tuples still go round: a bolt that feedback comes to waits until none has come
  // for a while.
  bool heads_cycle_ = false, got_untracked_ = false;
  TimePoint last_input_{}, quiet_until_ = TimePoint::max();
  bool finish_waits_ = false;  // finish() had nothing more to say for now: a tick or a job asks again
  std::atomic<const Poison*> poison_{nullptr};
  wire::BatchPtr aside_;                   // what has crashed workers, and runs by itself...
  TimePoint aside_at_ = TimePoint::max();  // ...from then on
  // Time.
  TimePoint next_tick_ = TimePoint::max();
  std::uint32_t alone_ = 0;  // calls of one
  double mean_ns_ = 1e6;     // of one execute, smoothed, begun with one a call: how many fit into a millisecond
};

}  // namespace gale::execute
