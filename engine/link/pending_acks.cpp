// SPDX-License-Identifier: Apache-2.0
#include "engine/link/pending_acks.hpp"

#include <algorithm>
#include <iterator>
#include <span>
#include <utility>

namespace gale::link {

namespace {

constexpr int kSerialBits = 44;
std::uint64_t slot_of(RootId root) noexcept { return root.value >> kSerialBits; }

template <class Entry>
bool by_root(const Entry& a, const Entry& b) noexcept {
  return a.root < b.root;
}

std::size_t bytes_of(const wire::Fail& fail) noexcept {
  return wire::kFailBytes + std::min(fail.reason.size(), wire::kMaxReasonBytes);
}

/// Sorted by root, hence by slot and then serial: equal roots become one, and of a slot only the newest root stays.
void fold_acks(std::vector<wire::Ack>& acks) {
  std::sort(acks.begin(), acks.end(), by_root<wire::Ack>);
  std::size_t kept = 0;
  for (std::size_t i = 0; i < acks.size(); ++i) {
    if (kept > 0 && acks[kept - 1].root == acks[i].root) {
      acks[kept - 1].edges ^= acks[i].edges;
    } else {
      if (kept > 0 && slot_of(acks[kept - 1].root) == slot_of(acks[i].root)) --kept;
      acks[kept++] = acks[i];
    }
  }
  acks.resize(kept);
}

void fold_fails(std::vector<wire::Fail>& fails) {
  std::stable_sort(fails.begin(), fails.end(), by_root<wire::Fail>);
  std::size_t kept = 0;
  for (std::size_t i = 0; i < fails.size(); ++i) {
    if (kept > 0 && fails[kept - 1].root == fails[i].root) continue;  // the first reason is told
    if (kept > 0 && slot_of(fails[kept - 1].root) == slot_of(fails[i].root)) --kept;
    if (kept != i) fails[kept] = std::move(fails[i]);
    ++kept;
  }
  fails.resize(kept);
}

/// Both folded: of each slot the newest root stays, as a fail when it has one.
void weigh(std::vector<wire::Ack>& acks, std::vector<wire::Fail>& fails) {
  const auto newer = [&acks](const wire::Fail& fail) {
    const auto it = std::upper_bound(acks.begin(), acks.end(), fail.root,
                                     [](RootId root, const wire::Ack& ack) { return root < ack.root; });
    return it != acks.end() && slot_of(it->root) == slot_of(fail.root);
  };
  std::erase_if(fails, newer);
  const auto failed = [&fails](const wire::Ack& ack) {
    const auto it = std::lower_bound(fails.begin(), fails.end(), ack.root,
                                     [](const wire::Fail& fail, RootId root) { return fail.root < root; });
    return it != fails.end() && slot_of(it->root) == slot_of(ack.root);
  };
  std::erase_if(acks, failed);
}

}  // namespace

void PendingAcks::fold(Ledger& ledger) {
  fold_acks(ledger.acks);
  fold_fails(ledger.fails);
  weigh(ledger.acks, ledger.fails);
  ledger.fail_bytes = 0;
  for (const wire::Fail& fail : ledger.fails) ledger.fail_bytes += bytes_of(fail);
  ledger.fold_at = std::max(kFoldAt, 2 * (ledger.acks.size() + ledger.fails.size()));
}

void PendingAcks::add(wire::AckBatch&& batch) {
  if (batch.empty()) return;
  Ledger& ledger = ledgers_[batch.ledger];
  entries_ -= ledger.acks.size() + ledger.fails.size();
  if (ledger.acks.empty()) {
    ledger.acks.swap(batch.acks);
  } else {
    ledger.acks.insert(ledger.acks.end(), batch.acks.begin(), batch.acks.end());
  }
  for (const wire::Fail& fail : batch.fails) ledger.fail_bytes += bytes_of(fail);
  ledger.fails.insert(ledger.fails.end(), std::make_move_iterator(batch.fails.begin()),
                      std::make_move_iterator(batch.fails.end()));
  if (ledger.acks.size() + ledger.fails.size() >= ledger.fold_at) fold(ledger);
  entries_ += ledger.acks.size() + ledger.fails.size();
}

void PendingAcks::move_into(wire::LaneWriter& writer) {
  for (auto& [id, ledger] : ledgers_) {
    // From the back: their order means nothing, and taking from the front would move the rest.
    const std::size_t fits = std::min(ledger.acks.size(), writer.room_for(wire::kAckBytes));
    const std::span<const wire::Ack> acks(ledger.acks.data() + (ledger.acks.size() - fits), fits);
    entries_ -= writer.acks(id, acks);
    ledger.acks.resize(ledger.acks.size() - fits);
    const std::size_t fails = writer.fails(id, ledger.fails);
    for (std::size_t i = 0; i < fails; ++i) ledger.fail_bytes -= bytes_of(ledger.fails[i]);
    ledger.fails.erase(ledger.fails.begin(), ledger.fails.begin() + static_cast<std::ptrdiff_t>(fails));
    entries_ -= fails;
    if (ledger.acks.empty() && ledger.fails.empty()) ledger.fold_at = kFoldAt;
  }
}

std::size_t PendingAcks::bytes() const noexcept {
  std::size_t sum = 0;
  for (const auto& [id, ledger] : ledgers_)
    sum += 2 * wire::kLaneSectionBytes + ledger.acks.size() * wire::kAckBytes + ledger.fail_bytes;
  return sum;
}

}  // namespace gale::link
