// SPDX-License-Identifier: Apache-2.0
//
// BoltTask's pass over what user code wrote: records become copies and acks, inputs are finished in order.
#include "engine/execute/bolt_task.hpp"

#include <cstring>

namespace gale::execute {
namespace {

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

const std::uint8_t* BoltTask::pass(const std::uint8_t* at, const std::uint8_t* end) {
  if (__builtin_expect(hooks_ != nullptr, 0)) return pass_told(at, end);
  while (at != end) {
    at = pass_run(at, end);
    if (at == end) break;
    const gale_out_record r = out_head(at);
    if (r.kind == GALE_EMIT && r.anchor < GALE_ANCHOR_LIST) {
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
      r.anchor == GALE_ANCHOR_LIST ? pass_joined(at, r) : emit_plain(emit_of(at, r));
      return;
    case GALE_ACK:
      return settle(handle_of(at), true, {});
    case GALE_FAIL:
      return pass_fail(at, r);
    case GALE_TOUCH:
      if (const Kept* kept = kept_.find(handle_of(at)); kept != nullptr && !kept->failed)
        return touch(kept->record.data(), kept->record.data() + kept->record.size());
      [[fallthrough]];
    default:
      counters_.misuse.add(1);  // of a tuple that is settled, or a kind of a newer minor
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
      for (const auto& [number, handle] : kept_now_) {  // kept, then thrown: the handle settles nothing any more
        if (Kept* kept = number == input_ ? kept_.find(handle) : nullptr) kept->failed = true;
      }
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
bool BoltTask::pass_anchored(const std::uint8_t* at, const gale_out_record& r) {
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
  if (!routed) anchor_failed(r, at, why_not(emit));
  return routed;
}

bool BoltTask::pass_joined(const std::uint8_t* at, const gale_out_record& r) {
  std::vector<AnchorSource> sources;
  const std::uint8_t* p = anchors_of(at, r);
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
      return false;
    }
  }
  ++emitted_;
  bool too_many = false;
  const Emit emit = emit_of(at, r);
  if (copier_.copy_joined(emit, sources, too_many)) return true;
  anchor_failed(r, at,
                too_many ? "too many roots: one tuple may carry " + std::to_string(wire::kMaxRoots) : why_not(emit));
  return false;
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
  const std::uint8_t* p = anchors_of(at, r);
  for (std::uint32_t i = 0; i < r.extra; ++i, p += 8) {
    std::uint64_t anchor = 0;
    std::memcpy(&anchor, p, 8);
    if (anchor < GALE_FIRST_KEPT) {
      fail_input();
    } else if (Kept* kept = kept_.find(anchor); kept != nullptr && !kept->failed) {
      kept->failed = true;
      ++failed_;
      fail_roots(kept->record.data(), reason(why));
      if (hooks_) hooks_->failed(kept->record.data(), reason(why));
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
