// SPDX-License-Identifier: Apache-2.0
#include "engine/execute/bolt_task.hpp"

#include "engine/base/assert.hpp"

#include <algorithm>
#include <cstdlib>
#include <cstring>

namespace gale::execute {
namespace {

constexpr Duration kTurn = std::chrono::microseconds(200);
constexpr Duration kAlone = std::chrono::milliseconds(20);       // a tuple that has crashed a worker waits so long...
constexpr Duration kAsideMost = std::chrono::milliseconds(500);  // ...and so much longer while others come
constexpr double kTimedAlone = 2e3;  // an execute that takes longer has a call, and a time, of its own: 66 ns more
constexpr Duration kQuiet = std::chrono::seconds(1);  // then nothing untracked is thought to come round any more
constexpr double kCallNs = 1e6;  // a call of execute is cut at a millisecond, so that what it emitted can leave

}  // namespace

BoltTask::BoltTask(Environment& env, TaskId id)
    : ComponentTask(env, id),
      inbox_(env.pool, *this, component_.settings.inbox_bytes, component_.settings.cycle_bytes) {
  for (const std::size_t edge : component_.inputs) {
    if (env.plan.edges[edge].feedback) {
      heads_cycle_ = true;
    } else {
      wait_for_end_of(env.plan.edges[edge].from);
    }
  }
  for (const plan::EndEdge& end : env.plan.ends) {
    if (end.to == env.plan.tasks[id.value].component) wait_for_end_of(end.from);
  }
  if (component_.tick_ms != 0) next_tick_ = env.clock.now() + std::chrono::milliseconds(component_.tick_ms);
}

Turn BoltTask::run(TimePoint now) {
  const TimePoint began = now;
  now_ = now;
  copier_.set_time(now);
  bool more = false;
  if (outbox_.flush()) {
    do {
      more = step();
    } while (more && !outbox_.refused() && !is_crowded() && now_ - began < kTurn);
    if (!more && phase_ != Phase::kEnded) try_finish();
  }
  touch_when_due([this](const auto& look) {
    if (batch_ != nullptr) look(view_.at, view_.end);
    if (aside_ != nullptr) look(aside_->data, aside_->data + aside_->bytes);
    inbox_.each(look);
  });
  acks_.flush();
  const bool delivered = outbox_.flush();
  tell_held();
  publish_counts();
  counters_.acked.add(std::exchange(acked_, 0));
  counters_.failed.add(std::exchange(failed_, 0));
  if (finished() && delivered && phase_ == Phase::kSaid) {
    phase_ = Phase::kEnded;
    env_.watcher.finished(id_);
  }
  if (more && delivered && wait_in_crowd()) more = false;
  const bool finish_again = phase_ == Phase::kFinishing && !finish_waits_;
  const bool holds = batch_ != nullptr || aside_ != nullptr || !inbox_.empty() || !delivered;
  const TimePoint due =
      delivered ? std::min({next_tick_, quiet_until_, aside_at_}) : TimePoint::max();  // else nothing can be done then
  return {delivered && (more || finish_again), holds ? std::min(due, next_touch()) : due};
}

/// Does one thing that waits; false when nothing does.
bool BoltTask::step() {
  if (take_wake()) {
    finish_waits_ = false;
    if (const host::Status s = in_call(crash::Call::kJob, [&] { return instance_->posted(); }); !s) thrown("job", s);
    return true;
  }
  if (now_ >= next_tick_) {
    tick();
    return true;
  }
  if (batch_ == nullptr) {
    if (kept_.bytes() > component_.settings.task_max_kept_bytes) {
      report("stalled: keeps too much (" + std::to_string(kept_.bytes() >> 20) +
             " MiB, topology.task.max.kept.bytes): it must ack or fail kept tuples before it gets more");
      return false;
    }
    wire::BatchPtr batch = next_batch();
    if (batch == nullptr) return false;
    if (batch->end) {
      take_end(batch->source);
      return true;
    }
    if (batch->count == 0) return true;  // all of it was set aside
    last_input_ = now_;
    if (batch->feedback && sources_.empty()) {
      drop_left_over(*batch);
      if (batch->count == 0) return true;
    }
    if (heads_cycle_ && !got_untracked_) look_for_untracked(*batch);
    begin(std::move(batch));
  }
  execute();
  return true;
}

void BoltTask::wait_for_end_of(ComponentId component) {
  const plan::Component& from = env_.plan.component(component);
  for (std::uint32_t i = 0; i < from.tasks; ++i) {
    const TaskId source(from.first_task.value + i);
    if (std::find(sources_.begin(), sources_.end(), source) == sources_.end()) sources_.push_back(source);
  }
}

void BoltTask::look_for_untracked(const wire::Batch& batch) {
  for (const std::uint8_t* at = batch.data; at != batch.data + batch.bytes && !got_untracked_;) {
    const gale_in_record head = wire::head_of(at);
    got_untracked_ = wire::anchors_of(head) == 0;
    at += head.size;
  }
}

/// What still goes round when every source has ended: all roots are done, so what is tracked belongs to failed ones;
/// what is not may go on for the message timeout.
void BoltTask::drop_left_over(wire::Batch& batch) {
  const bool all = now_ - ended_ > env_.plan.settings.message_timeout;
  std::uint8_t* kept = batch.data;
  const std::uint8_t* const end = batch.data + batch.bytes;
  std::uint32_t count = 0;
  for (const std::uint8_t* at = batch.data; at != end;) {
    const gale_in_record head = wire::head_of(at);
    if (!all && wire::anchors_of(head) == 0) {
      std::memmove(kept, at, head.size);
      kept += head.size;
      ++count;
    }
    at += head.size;
  }
  counters_.dropped.add(batch.count - count);
  batch.count = count;
  batch.bytes = static_cast<std::uint32_t>(kept - batch.data);
}

void BoltTask::drop_rest() {
  if (phase_ != Phase::kEnded) return;  // stopped in the middle: what is under way is pending, not dropped
  while (const wire::BatchPtr batch = inbox_.take(now_)) counters_.dropped.add(batch->count);
  if (batch_ != nullptr) counters_.dropped.add(batch_->count - view_.first);
}

void BoltTask::begin(wire::BatchPtr batch) {
  batch_ = std::move(batch);
  verdicts_.assign(batch_->count, GALE_VERDICT_NONE);
  view_ = {};
  view_.size = sizeof view_;
  view_.count = batch_->count;
  view_.at = batch_->data;
  view_.end = batch_->data + batch_->bytes;
  view_.verdict = verdicts_.data();
  view_.source_task = batch_->source.value;
  input_ = 0;
  input_at_ = batch_->data;
  keep_input_ = 0;
  keep_at_ = batch_->data;
  children_ = 0;
  kept_now_.clear();
  if (phase_ != Phase::kRunning) counters_.late.add(batch_->count);
}

std::uint32_t BoltTask::limit() noexcept {
  if (env_.budget.exceeded()) return 1;
  if (mean_ns_ > kTimedAlone) {  // alone it is timed with its call, which may be what takes so long
    const bool try_some = mean_ns_ < 10 * kTimedAlone && ++alone_ % 64 == 0;
    return try_some ? 8 : 1;
  }
  return static_cast<std::uint32_t>(
      std::clamp(kCallNs / std::max(mean_ns_, 1.0), 1.0, 256.0));  // what 256 emit stays in the first cache
}

void BoltTask::execute() {
  view_.limit = hooks_ ? 1 : limit();
  if (const Poison* const poison = poison_.load(std::memory_order_acquire); __builtin_expect(poison != nullptr, 0)) {
    view_.limit = limit_by(*poison);
    if (view_.limit == 0) {
      if (poison->of(view_.at) == Poison::Verdict::kPoison) return refuse_poison();
      view_.limit = 1;
    }
  }
  if (__builtin_expect(hooks_ != nullptr, 0)) return execute_told();
  const TimePoint before = now_;
  const std::uint32_t first = view_.first;
  const host::Status s = in_call(crash::Call::kExecute, [&] { return call_execute(); });
  finish_inputs(view_.first);
  now_ = env_.clock.now();
  copier_.set_time(now_);
  if (!s) {
    give_up_batch(s);
    finish_inputs(view_.first);
  }
  count_executed(view_.first - first, now_ - before);
}

/// How many may be run before the first that must not.
std::uint32_t BoltTask::limit_by(const Poison& poison) {
  const std::uint32_t most = poison.alone() ? 1 : std::min(view_.limit, view_.count - view_.first);
  const std::uint8_t* record = view_.at;
  std::uint32_t n = 0;
  for (; n < most && poison.of(record) == Poison::Verdict::kClean; ++n) record += wire::head_of(record).size;
  return n;
}

/// What has crashed a worker, and is not poison yet, runs by itself and last, when what came with it has had time to be
/// told: the crash that may come costs no other tuple an attempt.
void BoltTask::set_aside(const Poison& poison, wire::Batch& batch) {
  std::uint8_t* kept = batch.data;
  const std::uint8_t* const end = batch.data + batch.bytes;
  std::uint32_t count = 0;
  for (const std::uint8_t* at = batch.data; at != end;) {
    const std::uint32_t size = wire::head_of(at).size;
    if (poison.of(at) != Poison::Verdict::kSuspect || !put_aside(batch.source, at, size)) {
      std::memmove(kept, at, size);
      kept += size;
      ++count;
    }
    at += size;
  }
  batch.count = count;
  batch.bytes = static_cast<std::uint32_t>(kept - batch.data);
}

/// False: there is no room, and it stays where it is.
bool BoltTask::put_aside(TaskId source, const std::uint8_t* record, std::uint32_t size) {
  if (aside_ == nullptr) {
    aside_ = env_.batches.take(std::max(size, component_.settings.batch_bytes));
    aside_->source = source;
    aside_at_ = now_ + kAlone;
  }
  if (aside_->source != source || aside_->capacity - aside_->bytes < size) return false;
  std::memcpy(aside_->data + aside_->bytes, record, size);
  aside_->bytes += size;
  ++aside_->count;
  return true;
}

/// The next batch to be run: of the inbox, or what was set aside when there is no other, and at last anyhow.
wire::BatchPtr BoltTask::next_batch() {
  if (aside_ != nullptr && now_ >= aside_at_ && (inbox_.empty() || now_ >= aside_at_ + kAsideMost)) {
    aside_at_ = TimePoint::max();
    return std::move(aside_);
  }
  wire::BatchPtr batch = inbox_.take(now_);
  const Poison* const poison = poison_.load(std::memory_order_acquire);
  if (__builtin_expect(poison != nullptr, 0) && batch != nullptr && !batch->end && !batch->feedback)
    set_aside(*poison, *batch);
  return batch;
}

/// The next input fails for good, unseen by user code.
void BoltTask::refuse_poison() {
  counters_.poisoned.add(1);
  report("poison: a tuple that was executed in " + std::to_string(crash::Suspects::kCrashes) +
         " crashes is failed without being run again");
  fail_reason_ = std::string(kPoisonReason) + name_ + ": it was executed in " +
                 std::to_string(crash::Suspects::kCrashes) + " crashes of workers";
  verdicts_[view_.first] = GALE_VERDICT_FAILED;
  view_.at += wire::head_of(view_.at).size;
  ++view_.first;
  if (hooks_) {
    while (input_ != view_.first) finish_told();
  } else {
    finish_inputs(view_.first);
  }
  if (view_.first == view_.count) batch_.reset();
}

/// Says in the crash page what it is about to run. An SDK that does not tell its place in a batch runs one tuple.
host::Status BoltTask::call_execute() {
  crash::Entry& entry = *crash::mine;
  entry.first.store(view_.first, std::memory_order_relaxed);
  entry.count.store(view_.count, std::memory_order_relaxed);
  entry.source.store(view_.source_task, std::memory_order_relaxed);
  entry.at.store(view_.at, std::memory_order_relaxed);
  if (view_.limit == 1) __atomic_store_n(&entry.running, view_.first, __ATOMIC_RELAXED);
  return instance_->execute(view_);
}

/// The boundary itself is broken; the rest of the batch cannot be trusted to this component.
void BoltTask::give_up_batch(const host::Status& why) {
  report("execute: the plugin's loop failed: " + why.text);
  for (std::uint32_t k = view_.first; k < view_.count; ++k) verdicts_[k] = GALE_VERDICT_FAILED;
  view_.first = view_.count;
}

void BoltTask::count_executed(std::uint32_t ran, Duration time) {
  counters_.executed.add(ran);
  if (GALE_FAILPOINT("leak-64-bytes")) {
    for (std::uint32_t i = 0; i < ran; ++i) static_cast<void>(*static_cast<volatile char*>(std::calloc(1, 64)));
  }
  if (ran > 0) {
    const auto took = static_cast<std::uint64_t>(time.count()) / ran;
    latency_.add(took, ran);
    const bool tried = ran > 1 && mean_ns_ > kTimedAlone;  // this is the truth, without a call in each
    mean_ns_ += (tried ? 1.0 : 0.3) * (static_cast<double>(took) - mean_ns_);
  }
  if (view_.first == view_.count) batch_.reset();
}

void BoltTask::take_end(TaskId source) {
  const auto it = std::find(sources_.begin(), sources_.end(), source);
  if (it == sources_.end()) return;  // an END may be told again: it is state
  sources_.erase(it);
  if (sources_.empty()) ended_ = now_;
}

void BoltTask::tick() {
  const auto period = std::chrono::milliseconds(component_.tick_ms);
  next_tick_ += period;
  if (next_tick_ <= now_) next_tick_ = now_ + period;  // late rather than twice
  finish_waits_ = false;
  const auto at = now_.time_since_epoch().count();
  if (const host::Status s = in_call(crash::Call::kTick, [&] { return instance_->tick(at); }); !s) thrown("tick", s);
  now_ = env_.clock.now();
}

void BoltTask::try_finish() {
  quiet_until_ = TimePoint::max();
  if (!sources_.empty() || !inbox_.empty() || batch_ != nullptr || aside_ != nullptr || outbox_.refused()) return;
  if (got_untracked_ && phase_ == Phase::kRunning && now_ < last_input_ + kQuiet) {
    quiet_until_ = last_input_ + kQuiet;
    return;
  }
  if (phase_ == Phase::kRunning) {
    phase_ = Phase::kFinishing;
    env_.watcher.finishing(id_);
  }
  if (phase_ == Phase::kFinishing && !finish_waits_) {
    bool done = true;
    const std::uint64_t before = emitted_ + counters_.emitted.read();
    const host::Status s = in_call(crash::Call::kFinish, [&] { return instance_->finish(done); });
    if (!s) {
      thrown("finish", s);
      env_.watcher.error(id_, "final results lost: finish threw: " + s.text);
      done = true;
    }
    finish_waits_ = !done && emitted_ + counters_.emitted.read() == before;
    if (done) phase_ = Phase::kSaid;
  }
  if (phase_ == Phase::kSaid && kept_.count() == 0 && !finished()) {
    declare_finished();
    next_tick_ = TimePoint::max();
  }
}

}  // namespace gale::execute
