// SPDX-License-Identifier: Apache-2.0
#include "engine/execute/outbox.hpp"

#include <algorithm>

namespace gale::execute {
namespace {
constexpr std::uint32_t kLeast = 512;
}

std::uint32_t Outbox::add_lane(TaskId dest, Destination& to, bool feedback) {
  Lane& lane = lanes_.emplace_back();
  lane.feedback = feedback;
  lane.dest = dest;
  lane.to = &to;
  lane.want = std::min(lane.want, most_);
  open_.emplace_back();
  return static_cast<std::uint32_t>(lanes_.size() - 1);
}

void Outbox::mark(std::uint32_t number) {
  if (lanes_[number].dirty) return;
  lanes_[number].dirty = true;
  dirty_.push_back(number);
}

void Outbox::close(std::uint32_t number) {
  Lane& lane = lanes_[number];
  if (lane.open == nullptr) return;
  lane.open->bytes = static_cast<std::uint32_t>(open_[number].at - lane.open->data);
  lane.open->count = open_[number].count;
  open_[number] = {};
  lane.full.push_back(std::move(lane.open));
  ++full_;
}

void Outbox::renew(std::uint32_t number, std::uint32_t bytes, TimePoint now) {
  Lane& lane = lanes_[number];
  mark(number);
  if (lane.open != nullptr) {
    lane.want = std::min(lane.want * 2, most_);
    close(number);  // sent between emits: a copy must not leave before its root is registered
  }
  lane.open = pool_.take(std::max(lane.want, bytes));
  lane.open->source = source_;
  lane.open->dest = lane.dest;
  lane.open->feedback = lane.feedback;
  lane.open->born = now;
  open_[number] = {lane.open->data, lane.open->data + lane.open->capacity, 0};
}

Outbox::Open Outbox::renewed(std::uint32_t lane, Open open, std::uint32_t bytes, TimePoint now) {
  open_[lane] = open;
  renew(lane, bytes, now);
  send_full();
  return open_[lane];
}

Fill Outbox::fill(std::uint32_t number) const {
  const Lane& lane = lanes_[number];
  Fill all = lane.to->fill();
  for (std::size_t i = lane.first; i < lane.full.size(); ++i) all.bytes += lane.full[i]->bytes;
  if (lane.open != nullptr) all.bytes += static_cast<std::uint64_t>(open_[number].at - lane.open->data);
  return all;
}

std::uint64_t Outbox::bytes() const noexcept {
  std::uint64_t sum = 0;
  for (const std::uint32_t number : dirty_) {
    const Lane& lane = lanes_[number];
    for (std::size_t i = lane.first; i < lane.full.size(); ++i) sum += lane.full[i]->capacity;
    if (lane.open != nullptr) sum += lane.open->capacity;
  }
  return sum;
}

std::uint32_t Outbox::load(std::uint32_t number) const {
  const Fill all = fill(number);
  if (all.limit == 0) return 100;
  return static_cast<std::uint32_t>(std::min<std::uint64_t>(all.bytes * 100 / all.limit, 1000));
}

bool Outbox::wait_for_room(std::span<const std::uint32_t> lanes) {
  return std::all_of(lanes.begin(), lanes.end(),
                     [&](std::uint32_t number) { return lanes_[number].to->wait_for_room(owner_); });
}

void Outbox::end_all(TimePoint now) {
  for (std::uint32_t i = 0; i < lanes_.size(); ++i) {
    if (lanes_[i].feedback) continue;
    close(i);
    wire::BatchPtr end = pool_.take(kLeast);
    end->source = source_;
    end->dest = lanes_[i].dest;
    end->end = true;
    end->born = now;
    lanes_[i].full.push_back(std::move(end));
    mark(i);
  }
}

bool Outbox::send(Lane& lane) {
  for (; lane.first < lane.full.size(); ++lane.first) {
    if (lane.to->offer(lane.full[lane.first], owner_)) continue;
    refused_ = true;
    return false;
  }
  lane.full.clear();
  lane.first = 0;
  return true;
}

void Outbox::send_full() {
  full_ = 0;
  for (const std::uint32_t number : dirty_) send(lanes_[number]);
}

bool Outbox::flush() {
  std::size_t kept = 0;
  for (const std::uint32_t number : dirty_) {
    Lane& lane = lanes_[number];
    if (lane.open != nullptr) {
      close(number);
      if (lane.full.back()->bytes < lane.want / 4 && lane.want > kLeast) lane.want /= 2;
    }
    if (send(lane)) {
      lane.dirty = false;
    } else {
      dirty_[kept++] = number;
    }
  }
  dirty_.resize(kept);
  full_ = 0;
  if (kept == 0) refused_ = false;
  return kept == 0;
}

}  // namespace gale::execute
