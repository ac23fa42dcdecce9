// SPDX-License-Identifier: Apache-2.0
//
// The loops of SpoutTask's pass that nearly all emits go through: many in a row to a stream that one task reads. What
// they walk with is in local variables (see Copier::Run). Whatever is not as usual is left to spout_task.cpp.
#include "engine/execute/spout_task.hpp"

#include <cstring>

namespace gale::execute {
namespace {

constexpr std::uint32_t kHead = sizeof(gale_out_record);

std::uint64_t word_at(const std::uint8_t* at) noexcept {
  std::uint64_t word = 0;
  std::memcpy(&word, at, sizeof word);
  return word;
}
/// Stream and place of the values; kind and extra, without flags.
std::uint64_t shape_of(const std::uint8_t* at) noexcept {
  return (word_at(at) & 0xffff'ffff'0000'0000) | (word_at(at + 8) & 0xffff'00ff);
}
std::uint64_t flags_of(const std::uint8_t* at) noexcept { return word_at(at + 8) >> 8 & 0xff; }
std::uint64_t usual(std::uint16_t stream, std::uint32_t values_at) noexcept {
  return std::uint64_t{stream} << 48 | std::uint64_t{values_at} << 32 | GALE_EMIT;
}

}  // namespace

/// Passes over as many records as are usual emits of one stream, and returns the first that is not.
const std::uint8_t* SpoutTask::pass_run(const std::uint8_t* at, const std::uint8_t* end) {
  const auto stream = static_cast<std::uint16_t>(word_at(at) >> 48);
  if (!Copier::Run::possible(copier_, stream)) return at;
  return (flags_of(at) & GALE_TRACKED) == 0 ? pass_untracked_run(at, end, stream) : pass_tracked_run(at, end, stream);
}

const std::uint8_t* SpoutTask::pass_untracked_run(const std::uint8_t* at, const std::uint8_t* end,
                                                  std::uint16_t stream) {
  const std::uint64_t wanted = usual(stream, kHead);
  Copier::Run run(copier_, stream);
  std::uint64_t emitted = 0;
  for (; at != end && shape_of(at) == wanted && flags_of(at) == 0; ++emitted) {
    const auto size = static_cast<std::uint32_t>(word_at(at));
    run.put(at + kHead, size - kHead);
    at += size;
  }
  run.end();
  emitted_ += emitted;
  return at;
}

/// Stops where a slot is missing, or a message comes again.
const std::uint8_t* SpoutTask::pass_tracked_run(const std::uint8_t* at, const std::uint8_t* end, std::uint16_t stream) {
  if (!tracks_ || !failed_once_.empty()) return at;
  const std::uint64_t wanted = usual(stream, kHead + 8);
  const ack::Ledger::Stamp stamp = ack::Ledger::stamp(now_);
  Copier::Run run(copier_, stream);
  const std::uint32_t* const slots = free_.data();
  const std::size_t before = free_.size();
  std::size_t left = before;
  for (; at != end && left > 0 && shape_of(at) == wanted; --left) {
    const std::uint64_t flags = flags_of(at);
    if ((flags & ~std::uint64_t{GALE_REPLAY_BY_ENGINE}) != GALE_TRACKED) break;
    const auto size = static_cast<std::uint32_t>(word_at(at));
    const std::uint8_t* const values = at + kHead + 8;
    const std::uint32_t slot = slots[left - 1];
    const std::uint64_t edge = run.put(ledger_.next_root(slot), ledger_id_, values, size - kHead - 8);
    if (__builtin_expect(edge == 0, 0)) break;  // it was not copied
    ledger_.open(slot, word_at(at + kHead), edge, 1, stamp);
    opened_[slot] = now_;
    if ((flags & GALE_REPLAY_BY_ENGINE) != 0)
      replays_.hold(slot, stream, {reinterpret_cast<const char*>(values), size - kHead - 8});
    at += size;
  }
  run.end();
  free_.resize(left);
  emitted_ += before - left;
  counters_.roots.add(before - left);
  return at;
}

}  // namespace gale::execute
