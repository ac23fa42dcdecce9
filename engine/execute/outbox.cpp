// SPDX-License-Identifier: Apache-2.0
#include "engine/execute/outbox.hpp"

#include <algorithm>

namespace gale::execute {
namespace {
constexpr std::uint32_t kLeast = 512;
}

std::uint32_t Outbox::add_lane(TaskId dest, Destination& to) {
  Lane& lane = lanes_.emplace_back();
  lane.dest = dest;
  lane.to = &to;
  lane.want = std::min(lane.want, most_);
  return static_cast<std::uint32_t>(lanes_.size() - 1);
}

void Outbox::mark(Lane& lane, std::uint32_t number) {
  if (lane.dirty) return;
  lane.dirty = true;
  dirty_.push_back(number);
}

void Outbox::close(Lane& lane) {
  if (lane.open == nullptr) return;
  lane.full.push_back(std::move(lane.open));
  ++unsent_;
  ++full_;
}

void Outbox::renew(Lane& lane, std::uint32_t number, std::uint32_t bytes, TimePoint now) {
  mark(lane, number);
  if (lane.open != nullptr) {
    lane.want = std::min(lane.want * 2, most_);
    close(lane);  // sent between emits: a copy must not leave before its root is registered
  }
  lane.open = pool_.take(std::max(lane.want, bytes));
  lane.open->source = source_;
  lane.open->dest = lane.dest;
  lane.open->born = now;
}

void Outbox::end_all(TimePoint now) {
  for (std::uint32_t i = 0; i < lanes_.size(); ++i) {
    Lane& lane = lanes_[i];
    close(lane);
    wire::BatchPtr end = pool_.take(kLeast);
    end->source = source_;
    end->dest = lane.dest;
    end->end = true;
    end->born = now;
    lane.full.push_back(std::move(end));
    ++unsent_;
    mark(lane, i);
  }
}

bool Outbox::send(Lane& lane) {
  while (!lane.full.empty()) {
    const std::uint32_t size = lane.full.front()->bytes;
    if (!lane.to->offer(lane.full.front(), owner_)) {
      refused_ = true;
      return false;
    }
    bytes_ -= size;
    --unsent_;
    lane.full.pop_front();
  }
  return true;
}

void Outbox::send_full() {
  full_ = 0;
  for (const std::uint32_t number : dirty_) send(lanes_[number]);
}

bool Outbox::flush() {
  full_ = 0;
  std::size_t kept = 0;
  for (const std::uint32_t number : dirty_) {
    Lane& lane = lanes_[number];
    if (lane.open != nullptr) {
      if (lane.open->bytes < lane.want / 4 && lane.want > kLeast) lane.want /= 2;
      close(lane);
    }
    if (send(lane)) {
      lane.dirty = false;
    } else {
      dirty_[kept++] = number;
    }
  }
  dirty_.resize(kept);
  if (kept == 0) refused_ = false;
  return kept == 0;
}

}  // namespace gale::execute
