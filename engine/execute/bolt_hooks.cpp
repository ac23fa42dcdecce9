// SPDX-License-Identifier: Apache-2.0
//
// BoltTask where hooks watch. An input has a call of its own: so its time is its own, nothing of it is final before the
// call has returned, and hooks hear of the execute, then of its emits, then of what became of the input. The rest of
// the pass is that of any bolt, one record at a time.
#include "engine/execute/bolt_task.hpp"

#include <cstring>

namespace gale::execute {

void BoltTask::execute_told() {
  const std::uint32_t first = view_.first;
  const std::uint8_t* const record = view_.at;
  const TimePoint before = env_.clock.now();
  lend();
  const host::Status s = told(crash::Call::kExecute, [&] { return call_execute(); });
  now_ = env_.clock.now();
  copier_.set_time(now_);
  const Duration took = now_ - before;
  if (view_.first != first) hooks_->executed(record, batch_->source, verdicts_[first], took);
  take_back();
  if (!s) give_up_batch(s);
  while (input_ != view_.first) finish_told();
  count_executed(view_.first - first, took);
}

/// The input that the pass stands at is over.
void BoltTask::finish_told() {
  const gale_in_record head = wire::head_of(input_at_);
  const std::uint8_t verdict = verdicts_[input_];
  if (verdict == GALE_VERDICT_ACKED || verdict == GALE_VERDICT_KEPT) {
    finish_input(head);
    if (verdict == GALE_VERDICT_ACKED) hooks_->acked(input_at_);
  } else {
    const std::string given = fail_reason_.empty() ? reason("failed") : fail_reason_;
    finish_input(head);
    hooks_->failed(input_at_, verdict == GALE_VERDICT_FAILED ? given : "forgotten by " + name_);
  }
  children_ = 0;
  input_at_ += head.size;
  ++input_;
}

const std::uint8_t* BoltTask::pass_told(const std::uint8_t* at, const std::uint8_t* end) {
  while (at != end) {
    gale_out_record r;
    std::memcpy(&r, at, sizeof r);
    if (r.kind != GALE_EMIT) {
      tell_settled(at, r);
      pass_other(at, r);
    } else if (std::uint32_t roots = 0; pass_emit_told(at, r, roots)) {
      hooks_->emitted(emit_of(at, r), copier_, roots, nullptr);
    }
    at += r.size;
    if (outbox_.has_full()) outbox_.send_full();
  }
  return end;
}

/// False: it could not be routed. `roots`: those that the copies carry.
bool BoltTask::pass_emit_told(const std::uint8_t* at, const gale_out_record& r, std::uint32_t& roots) {
  if (r.anchor == GALE_ANCHOR_NONE) return emit_plain(emit_of(at, r));
  if (r.anchor == GALE_ANCHOR_LIST) {
    const bool routed = pass_joined(at, r);
    roots = copier_.joined_roots();
    return routed;
  }
  roots = wire::anchors_of(wire::head_of(input_at_));
  return pass_anchored(at, r);
}

/// A kept tuple that is acked or failed by this record, and was not before.
void BoltTask::tell_settled(const std::uint8_t* at, const gale_out_record& r) {
  if (r.kind != GALE_ACK && (r.kind != GALE_FAIL || r.anchor < GALE_ANCHOR_LIST)) return;
  std::uint64_t handle = 0;
  std::memcpy(&handle, at + sizeof r, sizeof handle);
  const Kept* const kept = kept_.find(handle);
  if (kept == nullptr || kept->failed) return;
  if (r.kind == GALE_ACK) return hooks_->acked(kept->record.data());
  hooks_->failed(kept->record.data(), reason({reinterpret_cast<const char*>(at) + r.values_at, r.size - r.values_at}));
}

}  // namespace gale::execute
