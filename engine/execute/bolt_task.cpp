// SPDX-License-Identifier: Apache-2.0
#include "engine/execute/bolt_task.hpp"

#include "engine/base/assert.hpp"

#include <algorithm>
#include <cstdlib>
#include <cstring>

namespace gale::execute {
namespace {

constexpr Duration kTurn = std::chrono::microseconds(200);
constexpr double kCallNs = 1e6;  // a call of execute is cut at a millisecond, so that what it emitted can leave

gale_out_record out_head(const std::uint8_t* at) noexcept {
  gale_out_record r;
  std::memcpy(&r, at, sizeof r);
  return r;
}

std::uint64_t handle_of(const std::uint8_t* at) noexcept {
  std::uint64_t handle = 0;
  std::memcpy(&handle, at + sizeof(gale_out_record), 8);
  return handle;
}

}  // namespace

BoltTask::BoltTask(Environment& env, TaskId id)
    : ComponentTask(env, id), inbox_(env.pool, *this, component_.settings.inbox_bytes) {
  for (const std::size_t edge : component_.inputs) {
    const plan::Component& from = env.plan.component(env.plan.edges[edge].from);
    for (std::uint32_t i = 0; i < from.tasks; ++i) {
      const TaskId source(from.first_task.value + i);
      if (std::find(sources_.begin(), sources_.end(), source) == sources_.end()) sources_.push_back(source);
    }
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
    } while (more && !outbox_.refused() && now_ - began < kTurn);
    if (!more && phase_ != Phase::kEnded) try_finish();
  }
  acks_.flush();
  const bool delivered = outbox_.flush();
  publish_counts();
  counters_.acked.add(std::exchange(acked_, 0));
  counters_.failed.add(std::exchange(failed_, 0));
  if (finished() && delivered && phase_ == Phase::kSaid) {
    phase_ = Phase::kEnded;
    env_.watcher.finished(id_);
  }
  const bool finish_again = phase_ == Phase::kFinishing && !finish_waits_;
  return {delivered && (more || finish_again), next_tick_};
}

/// Does one thing that waits; false when nothing does.
bool BoltTask::step() {
  if (take_wake()) {
    finish_waits_ = false;
    if (const host::Status s = in_call([&] { return instance_->posted(); }); !s) thrown("job", s);
    arm_watch();
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
    wire::BatchPtr batch = inbox_.take();
    if (batch == nullptr) return false;
    if (batch->end) {
      take_end(batch->source);
      return true;
    }
    begin(std::move(batch));
  }
  execute();
  return true;
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

std::uint32_t BoltTask::limit() const noexcept {
  return static_cast<std::uint32_t>(
      std::clamp(kCallNs / std::max(mean_ns_, 1.0), 1.0, 256.0));  // what 256 emit stays in the first cache
}

void BoltTask::execute() {
  const TimePoint before = now_;
  const std::uint32_t first = view_.first;
  view_.limit = limit();
  const host::Status s = in_call([&] { return instance_->execute(view_); });
  finish_inputs(view_.first);
  now_ = env_.clock.now();
  copier_.set_time(now_);
  if (!s) {  // the boundary itself is broken; the rest of the batch cannot be trusted to this component
    report("execute: the plugin's loop failed: " + s.text);
    for (std::uint32_t k = view_.first; k < view_.count; ++k) verdicts_[k] = GALE_VERDICT_FAILED;
    view_.first = view_.count;
    finish_inputs(view_.first);
  }
  const std::uint32_t ran = view_.first - first;
  counters_.executed.add(ran);
  if (GALE_FAILPOINT("leak-64-bytes")) {
    for (std::uint32_t i = 0; i < ran; ++i) static_cast<void>(*static_cast<volatile char*>(std::calloc(1, 64)));
  }
  if (ran > 0) mean_ns_ += 0.3 * (static_cast<double>((now_ - before).count()) / ran - mean_ns_);
  if (view_.first == view_.count) batch_.reset();
}

void BoltTask::take_end(TaskId source) {
  const auto it = std::find(sources_.begin(), sources_.end(), source);
  if (it != sources_.end()) sources_.erase(it);  // an END may be told again: it is state
}

void BoltTask::tick() {
  const auto period = std::chrono::milliseconds(component_.tick_ms);
  next_tick_ += period;
  if (next_tick_ <= now_) next_tick_ = now_ + period;  // late rather than twice
  finish_waits_ = false;
  const auto at = now_.time_since_epoch().count();
  if (const host::Status s = in_call([&] { return instance_->tick(at); }); !s) thrown("tick", s);
  now_ = env_.clock.now();
}

void BoltTask::try_finish() {
  if (!sources_.empty() || !inbox_.empty() || batch_ != nullptr || outbox_.refused()) return;
  if (phase_ == Phase::kRunning) {
    phase_ = Phase::kFinishing;
    env_.watcher.finishing(id_);
  }
  if (phase_ == Phase::kFinishing && !finish_waits_) {
    bool done = true;
    const std::uint64_t before = emitted_ + counters_.emitted.read();
    const host::Status s = in_call([&] { return instance_->finish(done); });
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

// ---- the pass

const std::uint8_t* BoltTask::pass(const std::uint8_t* at, const std::uint8_t* end) {
  while (at != end) {
    const gale_out_record r = out_head(at);
    if (__builtin_expect(r.kind == GALE_EMIT && r.anchor < GALE_ANCHOR_LIST, 1)) {
      pass_anchored(at, r);
    } else {
      pass_other(at, r);
    }
    at += r.size;
    if (outbox_.has_full()) outbox_.send_full();
  }
  return end;
}

void BoltTask::pass_other(const std::uint8_t* at, const gale_out_record& r) {
  switch (r.kind) {
    case GALE_EMIT:
      return r.anchor == GALE_ANCHOR_LIST ? pass_joined(at, r) : emit_plain(emit_of(at, r));
    case GALE_ACK:
      return settle(handle_of(at), true, {});
    case GALE_FAIL:
      return pass_fail(at, r);
    default:
      counters_.misuse.add(1);  // a kind of a newer minor
  }
}

void BoltTask::finish_inputs(std::uint32_t upto) {
  while (input_ < upto) {
    const gale_in_record head = wire::head_of(input_at_);
    if (__builtin_expect(verdicts_[input_] == GALE_VERDICT_ACKED && wire::anchors_of(head) <= 1, 1)) {
      ++acked_;
      if (head.values_at != wire::kRecordHead) {
        const wire::Anchor a = wire::anchor_at(input_at_, 0);
        acks_.ack(a.ledger, a.root, a.edge ^ children_);
      }
    } else {
      finish_input(head);
    }
    children_ = 0;
    input_at_ += head.size;
    ++input_;
  }
}

void BoltTask::finish_input(const gale_in_record& head) {
  const std::uint32_t n = wire::anchors_of(head);
  switch (verdicts_[input_]) {
    case GALE_VERDICT_ACKED:
      ++acked_;
      for (std::uint32_t i = 0; i < n; ++i) {
        const wire::Anchor a = wire::anchor_at(input_at_, i);
        acks_.ack(a.ledger, a.root, a.edge ^ children_);
      }
      return;
    case GALE_VERDICT_KEPT:
      for (const auto& [number, handle] : kept_now_) {
        if (number != input_) continue;
        if (Kept* kept = kept_.find(handle)) kept->children ^= children_;
      }
      return;
    case GALE_VERDICT_FAILED:
      ++failed_;
      fail_roots(input_at_, fail_reason_.empty() ? reason("failed") : fail_reason_);
      fail_reason_.clear();
      return;
    default:
      ++failed_;
      counters_.forgotten.add(1);
      fail_roots(input_at_, "forgotten by " + name_);
      report("forgot a tuple: execute returned without ack, fail or keep");
      return;
  }
}

/// An emit anchored to the running input: nearly all that a bolt emits.
void BoltTask::pass_anchored(const std::uint8_t* at, const gale_out_record& r) {
  const Emit emit = emit_of(at, r);
  if (r.anchor != input_) finish_inputs(r.anchor);
  ++emitted_;
  const gale_in_record input = wire::head_of(input_at_);
  bool routed = false;
  if (__builtin_expect(input.values_at == wire::kRecordHead + wire::kAnchorBytes, 1)) {
    const wire::Anchor one = wire::anchor_at(input_at_, 0);
    routed = copier_.copy_one(emit, &one, children_);
  } else if (input.values_at == wire::kRecordHead) {
    routed = copier_.copy_one(emit, nullptr, children_);
  } else {
    std::vector<wire::Anchor> all;
    for (std::uint32_t i = 0; i < wire::anchors_of(input); ++i) all.push_back(wire::anchor_at(input_at_, i));
    routed = copier_.copy(emit, all.data(), static_cast<std::uint32_t>(all.size()), children_);
  }
  if (routed) return;
  anchor_failed(r, at, "a grouping field of stream '" + component_.streams[r.stream].name + "' is an array or a map");
}

void BoltTask::pass_joined(const std::uint8_t* at, const gale_out_record& r) {
  std::vector<AnchorSource> sources;
  const std::uint8_t* p = at + sizeof r;
  for (std::uint32_t i = 0; i < r.extra; ++i, p += 8) {
    std::uint64_t anchor = 0;
    std::memcpy(&anchor, p, 8);
    if (anchor < GALE_FIRST_KEPT) {
      finish_inputs(static_cast<std::uint32_t>(anchor));
      sources.push_back({input_at_, &children_});
    } else if (Kept* kept = kept_.find(anchor)) {
      sources.push_back({kept->record.data(), &kept->children});
    } else {
      counters_.misuse.add(1);  // a tuple settled in the same call, before this emit
      return;
    }
  }
  ++emitted_;
  bool too_many = false;
  if (copier_.copy_joined(emit_of(at, r), sources, too_many)) return;
  anchor_failed(r, at,
                too_many
                    ? "too many roots: one tuple may carry " + std::to_string(wire::kMaxRoots)
                    : "a grouping field of stream '" + component_.streams[r.stream].name + "' is an array or a map");
}

void BoltTask::pass_fail(const std::uint8_t* at, const gale_out_record& r) {
  const std::uint64_t handle = handle_of(at);
  const std::string_view why(reinterpret_cast<const char*>(at) + r.values_at, r.size - r.values_at);
  if (r.anchor >= GALE_ANCHOR_LIST) return settle(handle, false, why);
  finish_inputs(r.anchor);
  fail_reason_ = reason(why);
  if ((r.flags & GALE_RAISED) != 0) {
    counters_.thrown.add(1);
    report("execute: " + std::string(why));
  }
}

/// An emit that cannot be made fails what it was anchored to.
void BoltTask::anchor_failed(const gale_out_record& r, const std::uint8_t* at, const std::string& why) {
  report(why);
  const auto fail_input = [&] {
    verdicts_[input_] = GALE_VERDICT_FAILED;
    fail_reason_ = reason(why);
  };
  if (r.anchor != GALE_ANCHOR_LIST) return fail_input();
  const std::uint8_t* p = at + sizeof r;
  for (std::uint32_t i = 0; i < r.extra; ++i, p += 8) {
    std::uint64_t anchor = 0;
    std::memcpy(&anchor, p, 8);
    if (anchor < GALE_FIRST_KEPT) {
      fail_input();
    } else if (Kept* kept = kept_.find(anchor); kept != nullptr && !kept->failed) {
      kept->failed = true;
      fail_roots(kept->record.data(), reason(why));
    }
  }
}

/// Calls come with rising numbers, so one more cursor finds the record.
bool BoltTask::keep(std::uint32_t number, gale_kept& kept) {
  if (batch_ == nullptr || number >= view_.count || number < keep_input_) return false;
  for (; keep_input_ < number; ++keep_input_) keep_at_ += wire::head_of(keep_at_).size;
  const gale_in_record head = wire::head_of(keep_at_);
  kept.handle = kept_.put(keep_at_, head.size);
  const std::vector<std::uint8_t>& record = kept_.find(kept.handle)->record;
  kept.values = record.data() + head.values_at;
  kept.size = head.size - head.values_at;
  kept_now_.emplace_back(number, kept.handle);
  if (GALE_FAILPOINT("ack-before-process")) {
    for (std::uint32_t i = 0; i < wire::anchors_of(head); ++i) {
      const wire::Anchor a = wire::anchor_at(keep_at_, i);
      acks_.ack(a.ledger, a.root, a.edge);
    }
  }
  return true;
}

/// Before a kept tuple is settled: the edges of its input, if that is where the pass still stands, go with it.
void BoltTask::settle(std::uint64_t handle, bool acked, std::string_view why) {
  for (const auto& [number, kept_handle] : kept_now_) {
    if (number != input_ || kept_handle != handle) continue;
    if (Kept* kept = kept_.find(handle)) kept->children ^= std::exchange(children_, 0);
  }
  settle_kept(handle, acked, why);
}

}  // namespace gale::execute
