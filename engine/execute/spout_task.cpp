// SPDX-License-Identifier: Apache-2.0
#include "engine/execute/spout_task.hpp"

#include "engine/execute/poison.hpp"
#include "gale/codec/write.hpp"
#include "gale/value.hpp"

#include <algorithm>
#include <cstring>
#include <utility>

namespace gale::execute {
namespace {

constexpr Duration kTurn = std::chrono::microseconds(200);
constexpr double kCallNs = 1e5;  // next() is asked for this much at a time, so that completions are told in between
constexpr Duration kEmptyFirst = std::chrono::milliseconds(1), kEmptyMost = std::chrono::milliseconds(100);
constexpr Duration kThrownFirst = std::chrono::milliseconds(10), kThrownMost = std::chrono::seconds(1);

bool is_poison(const ack::Failed& failed) { return std::string_view(failed.reason).starts_with(kPoisonReason); }

}  // namespace

SpoutTask::SpoutTask(Environment& env, TaskId id, Incarnation incarnation)
    : ComponentTask(env, id),
      ledger_(component_.settings.max_spout_pending, incarnation),
      ledger_id_(env.plan.tasks[id.value].ledger),
      tracks_(env.plan.settings.acker_executors != 0),
      dead_letters_(component_.dead_letters()),
      opened_(std::make_unique_for_overwrite<TimePoint[]>(component_.settings.max_spout_pending)),
      replays_(component_.settings.max_spout_pending) {
  for (std::uint32_t slot = ledger_.slots(); slot > 0; --slot) free_.push_back(slot - 1);
}

void SpoutTask::give(ack::Completions& done) {
  {
    const std::lock_guard lock(lock_);
    given_.acked.insert(given_.acked.end(), done.acked.begin(), done.acked.end());
    std::move(done.failed.begin(), done.failed.end(), std::back_inserter(given_.failed));
  }
  done.clear();
  env_.pool.wake(*this);
}

Turn SpoutTask::run(TimePoint now) {
  const TimePoint began = now;
  now_ = now;
  copier_.set_time(now);
  take_completions();
  if (take_wake()) {
    if (const host::Status s = in_call(crash::Call::kJob, [&] { return instance_->posted(); }); !s) thrown("job", s);
    rearm_ = true;
    if (state_ == GALE_NEXT_WOKEN || (state_ == GALE_NEXT_UNTIL && !threw_)) state_ = GALE_NEXT_EMITTED;
  }
  follow_orders();
  bool more = false;
  if (outbox_.flush()) {
    if (has_surplus()) retry_surplus();
    retry_due();
    do {
      more = call_next();
    } while (more && !outbox_.refused() && !is_crowded() && now_ - began < kTurn);
  }
  // Once next() has had its chance to drain it; a readable fd that a waiting spout cannot read must not keep us awake.
  if (rearm_ && !threw_ && (state_ == GALE_NEXT_WOKEN || state_ == GALE_NEXT_UNTIL)) {
    rearm_ = false;
    arm_watch();
  }
  if (!done_at_once_.empty() || !refused_.empty()) {
    take_completions();  // slots came free, or an idle spout was told what it waits for: nobody else will wake it
    more = more || (has_surplus() ? !free_.empty() : state_ == GALE_NEXT_EMITTED && may_call());
  }
  try_end();
  touch_when_due([](const auto&) {});
  acks_.flush();
  const bool delivered = outbox_.flush();
  tell_held();
  publish_counts();
  tell_pending();
  if (finished() && delivered && !ended_) {
    ended_ = true;
    env_.watcher.finished(id_);
  }
  const bool waits =
      !delivered || (!more && wants_call() && env_.budget.wait(*this));  // will be woken, no time can do it
  if (!more && !waits && wants_call()) more = true;
  if (more && delivered && wait_in_crowd()) more = false;
  eager_.store(more, std::memory_order_relaxed);
  TimePoint wake_at = free_.empty() || !delivered ? TimePoint::max() : replays_.next_due();
  if (state_ == GALE_NEXT_UNTIL && !waits && runs_) wake_at = std::min(wake_at, idle_until_);
  if (!delivered) wake_at = std::min(wake_at, next_touch());
  return {delivered && more, wake_at};
}

/// Without a pending root the acker has no time to keep, and a thousand idle ones must not look at their ledgers.
void SpoutTask::tell_pending() {
  const std::uint64_t pending = ledger_.slots() - free_.size() + replays_.waiting();
  pending_.store(pending, std::memory_order_release);
  if (pending != 0 && !acker_awake_ && acker_ != nullptr) env_.pool.wake(*acker_);
  acker_awake_ = pending != 0;
}

/// drain() is for good, set_active() is not.
void SpoutTask::follow_orders() {
  if (drained_) return;
  drained_ = draining_.load(std::memory_order_acquire);
  activate(!drained_ && active_.load(std::memory_order_acquire));
  if (drained_) state_ = GALE_NEXT_FINISHED;
}

/// A spout that goes on is asked at once, whatever it waited for.
void SpoutTask::activate(bool active) {
  if (std::exchange(runs_, active) == active) return;
  if (active && state_ != GALE_NEXT_FINISHED) state_ = GALE_NEXT_EMITTED;
  const host::Status s = told(crash::Call::kActivate, [&] { return instance_->activate(active); });
  if (!s) thrown(active ? "activate" : "deactivate", s);
}

bool SpoutTask::may_call() const { return wants_call() && !env_.budget.exceeded(); }

/// Something may be had of next(), and there is a place for it.
bool SpoutTask::wants_call() const {
  if (!runs_ || state_ == GALE_NEXT_FINISHED || state_ == GALE_NEXT_WOKEN) return false;
  if (state_ == GALE_NEXT_UNTIL && now_ < idle_until_) return false;
  return !free_.empty() && !has_surplus() && replays_.bytes() < component_.settings.replay_max_bytes;
}

/// One call into the plugin's loop over next(). True: there is more to be had at once.
bool SpoutTask::call_next() {
  if (!may_call()) return false;
  gale_run run{};
  run.size = sizeof run;
  run.limit = static_cast<std::uint32_t>(
      std::clamp(kCallNs / std::max(mean_ns_, 1.0), 1.0, 256.0));  // 256 of 40 bytes stay in the first cache
  run.tracked = static_cast<std::uint32_t>(free_.size());
  const TimePoint before = now_;
  const host::Status status = in_call(crash::Call::kNext, [&] { return instance_->next(run); });
  now_ = env_.clock.now();
  copier_.set_time(now_);
  if (run.calls > 0) mean_ns_ += 0.3 * (static_cast<double>((now_ - before).count()) / run.calls - mean_ns_);
  after_next(run, status);
  return state_ == GALE_NEXT_EMITTED && may_call();
}

void SpoutTask::after_next(const gale_run& run, const host::Status& status) {
  threw_ = !status;
  if (threw_) {
    thrown("next", status);
    pause_ = pause_ < kThrownFirst ? kThrownFirst : std::min(pause_ * 2, kThrownMost);
    state_ = GALE_NEXT_UNTIL;
    idle_until_ = now_ + pause_;
    return;
  }
  state_ = run.state;
  if (state_ == GALE_NEXT_EMPTY) {
    pause_ = run.calls > 1 || pause_ == Duration::zero() ? kEmptyFirst : std::min(pause_ * 2, kEmptyMost);
    state_ = GALE_NEXT_UNTIL;
    idle_until_ = now_ + pause_;
    return;
  }
  pause_ = Duration::zero();
  if (state_ == GALE_NEXT_UNTIL) idle_until_ = TimePoint(Duration(run.until_ns));
}

/// The input has ended and nothing of it can come again: END may follow the data.
void SpoutTask::try_end() {
  if (finished() || state_ != GALE_NEXT_FINISHED || has_surplus()) return;
  if (free_.size() != ledger_.slots() || replays_.waiting() != 0) return;
  counters_.failed.add(failed_once_.size());  // the spout was told, and did not emit them again
  failed_once_.clear();
  declare_finished();
}

// ---- emits

const std::uint8_t* SpoutTask::pass(const std::uint8_t* at, const std::uint8_t* end) {
  return __builtin_expect(hooks_ != nullptr, 0) ? pass_as<true>(at, end) : pass_as<false>(at, end);
}

template <bool kTold>
const std::uint8_t* SpoutTask::pass_as(const std::uint8_t* at, const std::uint8_t* end) {
  while (at != end) {
    at = pass_run(at, end);
    if (at == end) break;
    gale_out_record r;
    std::memcpy(&r, at, sizeof r);
    if (r.kind == GALE_EMIT) {
      const Emit emit = emit_of(at, r);
      if ((r.flags & GALE_TRACKED) == 0) {
        const bool routed = emit_plain(emit);
        if constexpr (kTold) {
          if (routed) hooks_->emitted(emit, copier_, 0, nullptr);
        }
      } else {
        if (free_.empty()) return at;
        std::uint64_t message = 0;
        std::memcpy(&message, at + sizeof r, 8);
        const std::uint16_t attempt = __builtin_expect(failed_once_.empty(), 1) ? 1 : next_attempt(message);
        ++emitted_;
        (attempt == 1 ? counters_.roots : counters_.replayed).add(1);
        open_root<kTold>(emit, message, attempt, (r.flags & GALE_REPLAY_BY_ENGINE) != 0);
      }
    }
    at += r.size;
    if (outbox_.has_full()) outbox_.send_full();
  }
  return end;
}

/// A message that failed, and now comes again from its spout.
std::uint16_t SpoutTask::next_attempt(std::uint64_t message) {
  const auto it = failed_once_.find(message);
  if (it == failed_once_.end()) return 1;
  const auto attempt = static_cast<std::uint16_t>(it->second + 1);
  failed_once_.erase(it);
  return attempt;
}

template <bool kTold>
void SpoutTask::open_root(const Emit& emit, std::uint64_t message, std::uint16_t attempt, bool by_engine) {
  const std::uint32_t slot = free_.back();
  free_.pop_back();
  const wire::Anchor anchor{ledger_.next_root(slot), 0, ledger_id_};
  std::uint64_t edges = 0;
  const bool routed = copier_.copy_one(emit, tracks_ ? &anchor : nullptr, edges);
  ledger_.open(slot, message, edges, attempt, now_);
  opened_[slot] = now_;
  if constexpr (kTold) {
    const RootEvent root{message, attempt, {}};
    if (routed) hooks_->emitted(emit, copier_, tracks_ ? 1 : 0, &root);
  }
  if (by_engine) replays_.hold(slot, emit.stream, {reinterpret_cast<const char*>(emit.values), emit.size}, emit.to);
  if (!routed) {
    ack::Failed failed{slot, ack::Outcome::kFailed, reason(why_not(emit))};
    ledger_.close(slot);
    refused_.push_back(std::move(failed));
    return;
  }
  if (edges == 0) {  // nothing is tracked, or nobody reads this stream: there is nothing to wait for
    ledger_.close(slot);
    done_at_once_.push_back(slot);
  }
}

void SpoutTask::retry_due() {
  while (!free_.empty() && !has_surplus() && !outbox_.refused()) {
    std::optional<Retry> retry = replays_.take_due(now_);
    if (!retry) return;
    const Emit emit{retry->stream, reinterpret_cast<const std::uint8_t*>(retry->values.data()),
                    static_cast<std::uint32_t>(retry->values.size()), retry->to};
    ++emitted_;
    counters_.replayed.add(1);
    hooks_ ? open_root<true>(emit, retry->message, retry->attempt, true)
           : open_root<false>(emit, retry->message, retry->attempt, true);
    if (outbox_.has_full()) outbox_.send_full();
  }
}

// ---- completions

void SpoutTask::take_completions() {
  {
    const std::lock_guard lock(lock_);
    std::swap(given_, taken_);
  }
  taken_.acked.insert(taken_.acked.end(), done_at_once_.begin(), done_at_once_.end());
  done_at_once_.clear();
  std::move(refused_.begin(), refused_.end(), std::back_inserter(taken_.failed));
  refused_.clear();
  if (taken_.empty()) return;
  tell_acked(taken_.acked);
  for (const ack::Failed& failed : taken_.failed) {
    const RootEvent root = root_of(failed.slot);
    tell_failed(failed);
    if (hooks_) hooks_->failed(root, failed.reason, is_last(root.attempt, failed));
  }
  taken_.clear();
  if (state_ == GALE_NEXT_WOKEN) state_ = GALE_NEXT_EMITTED;  // an ack or a fail may be what it waits for
}

void SpoutTask::tell_acked(const std::vector<std::uint32_t>& slots) {
  if (slots.empty()) return;
  told_.clear();
  std::uint64_t alike = 0;  // roots of one call of next() have one time
  TimePoint opened = opened_[slots.front()];
  for (const std::uint32_t slot : slots) {
    if (opened_[slot] != opened) {
      latency_.add(static_cast<std::uint64_t>((now_ - opened).count()), std::exchange(alike, 0));
      opened = opened_[slot];
    }
    ++alike;
    told_.push_back({ledger_.message_of(slot), 1, ledger_.attempt_of(slot), 1, 0, {nullptr, 0}});
    if (GALE_FAILPOINT_EVERY("callback-twice")) told_.push_back(told_.back());
    replays_.drop(slot);
    free_.push_back(slot);
  }
  latency_.add(static_cast<std::uint64_t>((now_ - opened).count()), alike);
  counters_.acked.add(slots.size());
  if (const host::Status s = told(crash::Call::kCompleted, [&] { return instance_->completed(told_); }); !s)
    thrown("ack", s);
  if (!hooks_) return;
  for (const std::uint32_t slot : slots) hooks_->acked(root_of(slot));
}

/// Of a tuple, or of the letter that one which failed for good became.
bool SpoutTask::is_last(std::uint32_t attempt, const ack::Failed& failed) const {
  const std::uint32_t most = component_.settings.max_attempts;
  return is_poison(failed) || attempt == most || attempt >= 2 * most;
}

void SpoutTask::tell_failed(const ack::Failed& failed) {
  const std::uint32_t slot = failed.slot;
  const std::uint64_t message = ledger_.message_of(slot);
  const std::uint16_t attempt = ledger_.attempt_of(slot);
  const bool last = attempt >= component_.settings.max_attempts || is_poison(failed);
  if (failed.outcome == ack::Outcome::kTimedOut) counters_.timed_out.add(1);
  free_.push_back(slot);
  const bool by_engine = replays_.holds(slot);
  if (by_engine && !last) {
    replays_.retry(slot, message, static_cast<std::uint16_t>(attempt + 1), now_ + backoff(attempt));
    return;
  }
  if (by_engine && bury(failed, message, attempt)) return;
  replays_.drop(slot);
  if (last) {
    counters_.failed.add(1);
  } else {
    failed_once_[message] = attempt;
  }
  const gale_completion completion{message,        0, attempt,
                                   last ? 1u : 0u, 0, {failed.reason.data(), failed.reason.size()}};
  if (last) report("failed for good after " + std::to_string(attempt) + " attempts: " + failed.reason);
  const host::Status s = told(crash::Call::kCompleted, [&] { return instance_->completed({&completion, 1}); });
  if (!s) thrown("fail", s);
}

/// The tuple failed for good, and somebody reads dead letters: it leaves once more, as one, and the spout hears an ack
/// when the letter is acked. A letter that fails is sent as often again as its tuple was.
bool SpoutTask::bury(const ack::Failed& failed, std::uint64_t message, std::uint16_t attempt) {
  const std::uint32_t most = component_.settings.max_attempts;
  const bool is_letter = dead_letters_ && replays_.stream_of(failed.slot) == *dead_letters_;
  if (!dead_letters_ || attempt >= 2 * most || (is_letter && is_poison(failed))) return false;
  if (!is_letter) {
    counters_.dead_letters.add(1);
    report("to the dead letters after " + std::to_string(attempt) + " attempts: " + failed.reason);
    std::string letter = codec::packed(
        Value(Value::Array{Value(component_.id), Value(component_.streams[replays_.stream_of(failed.slot)].name),
                           Value(failed.reason), Value(std::int64_t{attempt}), Value()}));
    letter.pop_back();  // the nil: the values stand there, as they are
    letter += replays_.values_of(failed.slot);
    replays_.replace(failed.slot, *dead_letters_, std::move(letter));
    attempt = static_cast<std::uint16_t>(std::max<std::uint32_t>(attempt, most));  // poison may come sooner
  }
  replays_.retry(failed.slot, message, static_cast<std::uint16_t>(attempt + 1),
                 attempt == most ? now_ : now_ + backoff(static_cast<std::uint16_t>(attempt - most)));
  return true;
}

}  // namespace gale::execute
