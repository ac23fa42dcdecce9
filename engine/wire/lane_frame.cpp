// SPDX-License-Identifier: Apache-2.0
#include "engine/wire/lane_frame.hpp"

#include "engine/wire/bytes.hpp"

#include <algorithm>
#include <type_traits>

namespace gale::wire {

namespace {

enum : std::uint16_t { kAcks = 1, kFails = 2, kCredit = 3, kConfirmed = 4 };
enum : std::uint32_t { kPing = 1, kResendData = 2, kResendLane = 4 };
constexpr std::uint32_t kOfFeedback = 1u << 31;  // in the task of a grant

static_assert(sizeof(Ack) == kAckBytes && std::is_trivially_copyable_v<Ack>, "acks are copied as they are");

std::uint8_t* put_grant(std::uint8_t* at, const Grant& grant) noexcept {
  return put(put(at, grant.purse.task.value | (grant.purse.feedback ? kOfFeedback : 0)), grant.bytes);
}

Refusal get_grants(const std::uint8_t* at, std::size_t count, WorkerId from, const Limits& limits,
                   std::vector<Grant>& grants) {
  grants.reserve(grants.size() + count);
  for (std::size_t i = 0; i < count; ++i, at += kGrantBytes) {
    const auto task = get<std::uint32_t>(at);
    const Purse purse{TaskId{task & ~kOfFeedback}, (task & kOfFeedback) != 0};
    if (purse.task.value >= limits.worker_of.size() || limits.worker_of[purse.task.value] != from)
      return Refusal::kTask;
    grants.push_back({purse, get<std::uint64_t>(at + 4)});
  }
  return Refusal::kNone;
}

AckBatch& batch_of(LedgerId ledger, std::vector<AckBatch>& acks) {
  if (acks.empty() || acks.back().ledger != ledger) acks.push_back(AckBatch{ledger, {}, {}});
  return acks.back();
}

void get_acks(const std::uint8_t* at, std::size_t count, AckBatch& into) {
  if (count == 0) return;
  const std::size_t old = into.acks.size();
  into.acks.resize(old + count);
  std::memcpy(static_cast<void*>(into.acks.data() + old), at, count * kAckBytes);
}

/// Moves `at` on; fails have a length each.
Refusal get_fails(const std::uint8_t*& at, const std::uint8_t* end, std::size_t count, AckBatch& into) {
  for (std::size_t i = 0; i < count; ++i) {
    if (end - at < static_cast<std::ptrdiff_t>(kFailBytes)) return Refusal::kSectionTruncated;
    const RootId root{get<std::uint64_t>(at)};
    const std::size_t size = get<std::uint16_t>(at + 8);
    at += kFailBytes;
    if (size > kMaxReasonBytes) return Refusal::kReason;
    if (size > static_cast<std::size_t>(end - at)) return Refusal::kSectionTruncated;
    into.fails.push_back({root, std::string(reinterpret_cast<const char*>(at), size)});
    at += size;
  }
  return Refusal::kNone;
}

bool ledger_here(LedgerId ledger, const Limits& limits) noexcept {
  return ledger.value < limits.worker_of_ledger.size() && limits.worker_of_ledger[ledger.value] == limits.me;
}

/// One section, `at` behind its head. Every kind has a least size of an entry, counted before anything is allocated.
Refusal get_lane_section(std::uint16_t kind, LedgerId ledger, std::size_t count, const std::uint8_t*& at,
                         const std::uint8_t* end, WorkerId from, const Limits& limits, LaneBody& out) {
  static constexpr std::size_t kEntryBytes[] = {0, kAckBytes, kFailBytes, kGrantBytes, 8};
  if (kind < kAcks || kind > kConfirmed) return Refusal::kKind;
  if (count > static_cast<std::size_t>(end - at) / kEntryBytes[kind]) return Refusal::kSectionTruncated;
  if (kind <= kFails && !ledger_here(ledger, limits)) return Refusal::kLedger;
  if (kind == kFails) return get_fails(at, end, count, batch_of(ledger, out.acks));
  const std::uint8_t* const entries = at;
  at += count * kEntryBytes[kind];
  if (kind == kCredit) return get_grants(entries, count, from, limits, out.credit);
  if (kind == kAcks) {
    get_acks(entries, count, batch_of(ledger, out.acks));
  } else {
    for (std::size_t i = 0; i < count; ++i) out.confirmed.push_back(get<std::uint64_t>(entries + i * 8));
  }
  return Refusal::kNone;
}

}  // namespace

std::size_t hello_bytes(std::span<const Grant> grants) noexcept { return grants.size() * kGrantBytes; }

void put_hello(std::uint8_t* at, std::span<const Grant> grants) noexcept {
  for (const Grant& grant : grants) at = put_grant(at, grant);
}

Refusal get_hello(const FrameHeader& header, std::span<const std::uint8_t> body, const Limits& limits,
                  std::vector<Grant>& grants) {
  if (header.sections != body.size() / kGrantBytes) return Refusal::kSectionCount;
  if (body.size() % kGrantBytes != 0) return Refusal::kTrailing;
  if (header.sections > 2 * limits.worker_of.size()) return Refusal::kSectionCount;
  return get_grants(body.data(), header.sections, header.from, limits, grants);
}

Refusal get_lane_state(const FrameHeader& header, std::span<const std::uint8_t> body, LaneState& state) noexcept {
  if (body.size() < kLaneStateBytes) return Refusal::kSectionTruncated;
  if (header.seq == 0 && (header.sections != 0 || body.size() != kLaneStateBytes)) return Refusal::kTrailing;
  const std::uint8_t* p = body.data();
  state.data_sent = get<std::uint64_t>(p);
  state.data_received = get<std::uint64_t>(p + 8);
  state.lane_sent = get<std::uint64_t>(p + 16);
  state.lane_received = get<std::uint64_t>(p + 24);
  const auto flags = get<std::uint32_t>(p + 32);
  state.ping = (flags & kPing) != 0;
  state.resend_data = (flags & kResendData) != 0;
  state.resend_lane = (flags & kResendLane) != 0;
  return flags <= (kPing | kResendData | kResendLane) ? Refusal::kNone : Refusal::kKind;
}

Refusal get_lane_body(const FrameHeader& header, std::span<const std::uint8_t> body, const Limits& limits,
                      LaneBody& out) {
  const std::uint8_t* at = body.data() + kLaneStateBytes;
  const std::uint8_t* const end = body.data() + body.size();
  if (header.sections > static_cast<std::size_t>(end - at) / kLaneSectionBytes) return Refusal::kSectionCount;
  for (std::uint32_t i = 0; i < header.sections; ++i) {
    if (end - at < static_cast<std::ptrdiff_t>(kLaneSectionBytes)) return Refusal::kSectionTruncated;
    const auto kind = get<std::uint16_t>(at);
    const LedgerId ledger{get<std::uint16_t>(at + 2)};
    const auto count = get<std::uint32_t>(at + 4);
    at += kLaneSectionBytes;
    const Refusal bad = get_lane_section(kind, ledger, count, at, end, header.from, limits, out);
    if (bad != Refusal::kNone) return bad;
  }
  return at == end ? Refusal::kNone : Refusal::kTrailing;
}

LaneWriter::LaneWriter(Batch& room, const LaneState& state) noexcept
    : begin_(room.data), at_(room.data), end_(room.data + room.capacity) {
  at_ = put(at_, state.data_sent);
  at_ = put(at_, state.data_received);
  at_ = put(at_, state.lane_sent);
  at_ = put(at_, state.lane_received);
  at_ = put(
      at_, (state.ping ? kPing : 0u) | (state.resend_data ? kResendData : 0u) | (state.resend_lane ? kResendLane : 0u));
  at_ = put(at_, std::uint32_t{0});
}

std::size_t LaneWriter::room_for(std::size_t entry_bytes) const noexcept {
  const auto room = static_cast<std::size_t>(end_ - at_);
  return room < kLaneSectionBytes ? 0 : (room - kLaneSectionBytes) / entry_bytes;
}

/// Writes the head of a section for as many of `count` entries as fit, and says how many.
std::size_t LaneWriter::open_section(std::uint16_t kind, LedgerId ledger, std::size_t entry_bytes,
                                     std::size_t count) noexcept {
  count = std::min(count, room_for(entry_bytes));
  if (count == 0) return 0;
  at_ = put(put(put(at_, kind), ledger.value), static_cast<std::uint32_t>(count));
  ++sections_;
  return count;
}

std::size_t LaneWriter::acks(LedgerId ledger, std::span<const Ack> acks) noexcept {
  const std::size_t count = open_section(kAcks, ledger, kAckBytes, acks.size());
  if (count == 0) return 0;
  std::memcpy(at_, acks.data(), count * kAckBytes);
  at_ += count * kAckBytes;
  return count;
}

std::size_t LaneWriter::fails(LedgerId ledger, std::span<const Fail> fails) noexcept {
  auto room = static_cast<std::size_t>(end_ - at_);
  if (room < kLaneSectionBytes) return 0;
  room -= kLaneSectionBytes;
  const auto cost = [](const Fail& fail) { return kFailBytes + std::min(fail.reason.size(), kMaxReasonBytes); };
  std::size_t count = 0;
  while (count < fails.size() && cost(fails[count]) <= room) room -= cost(fails[count++]);
  if (count == 0) return 0;
  at_ = put(put(put(at_, std::uint16_t{kFails}), ledger.value), static_cast<std::uint32_t>(count));
  ++sections_;
  for (const Fail& fail : fails.first(count)) {
    const std::size_t size = std::min(fail.reason.size(), kMaxReasonBytes);
    at_ = put(put(at_, fail.root.value), static_cast<std::uint16_t>(size));
    std::memcpy(at_, fail.reason.data(), size);
    at_ += size;
  }
  return count;
}

std::size_t LaneWriter::credit(std::span<const Grant> grants) noexcept {
  const std::size_t count = open_section(kCredit, LedgerId{}, kGrantBytes, grants.size());
  for (const Grant& grant : grants.first(count)) at_ = put_grant(at_, grant);
  return count;
}

std::size_t LaneWriter::confirmed(std::span<const std::uint64_t> frames) noexcept {
  const std::size_t count = open_section(kConfirmed, LedgerId{}, 8, frames.size());
  for (const std::uint64_t frame : frames.first(count)) at_ = put(at_, frame);
  return count;
}

}  // namespace gale::wire
