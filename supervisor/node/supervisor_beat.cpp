// SPDX-License-Identifier: Apache-2.0
//
// What a Supervisor tells the master: how its slots and its host are, and what happened.
#include "supervisor/node/supervisor.hpp"

#include "engine/base/wall_clock.hpp"
#include "supervisor/node/log_tail.hpp"

#include <algorithm>
#include <utility>

namespace gale::node {
namespace {

using control::SlotState;

constexpr std::size_t kMostEvents = 256;  // that wait for the master
constexpr std::size_t kMostEventBytes = 4096;
constexpr std::size_t kTailLines = 10, kTailBytes = 2048;

}  // namespace

control::Beat Supervisor::make_beat() {
  control::Beat b;
  b.host = state_.host();
  b.name = options_.name;
  b.address = options_.address;
  b.boot = boot_;
  b.ports = options_.ports;
  b.seen = wanted_ ? wanted_->version : 0;
  b.complete = complete_;
  for (auto& [port, slot] : slots_) {
    if (auto report = report_of(slot)) b.slots.push_back(std::move(*report));
  }
  b.events.assign(events_.begin(), events_.end());
  const HostMemory memory = host_memory();
  b.memory_bytes = memory.total_bytes;
  b.memory_free_bytes = memory.free_bytes;
  b.disk_free_bytes = state_.free_bytes();
  b.trouble = trouble_.empty() ? fetch_.trouble() : trouble_;
  return b;
}

/// Nothing of a slot that is neither wanted nor has a process.
std::optional<control::SlotReport> Supervisor::report_of(Slot& slot) const {
  const std::optional<WantedSlot> wanted = wanted_ ? wanted_at(*wanted_, slot.now.port, view()) : std::nullopt;
  if (!slot.now.alive && !wanted) return std::nullopt;
  const Assignment& a = slot.now.alive ? *slot.now.assignment : wanted->assignment;
  control::SlotReport r;
  r.port = slot.now.port;
  r.topology = a.topology;
  r.revision = a.revision;
  r.place = a.place;
  r.incarnation = slot.now.alive ? slot.now.incarnation : last_life(slot.now, a.topology, a.place);
  r.alive = slot.now.alive;
  r.state = state_of(slot, wanted);
  const bool same =
      slot.now.assignment && slot.now.assignment->topology == a.topology && slot.now.assignment->place == a.place;
  const bool young = slot.now.alive && now_ - slot.started < Restarts::kHealthy;
  if (same) r.why = slot.why.empty() && young ? slot.last_death : slot.why;
  if (r.state == SlotState::kFetching) r.why = fetch_.why({a.topology, a.revision});
  if (!r.alive && wanted && !next_life(slot.now, *wanted))
    r.why = "no further life of it can be numbered in generation " + std::to_string(a.generation);
  if (r.state == SlotState::kCrashLooping && same && !slot.log.empty())
    r.why += log_tail(slot.log, kTailLines, kTailBytes);
  const std::uint32_t count = control::count_of(r.incarnation);
  r.restarts = count > 1 ? count - 1 : 0;
  if (same) r.report = slot.report;
  if (!r.alive) return r;
  r.pid = static_cast<std::uint64_t>(slot.process.pid);
  r.rss_bytes = processes_.rss_bytes(slot.now.port);
  r.up_ms = static_cast<std::uint64_t>((now_ - slot.started) / std::chrono::milliseconds(1));
  return r;
}

SlotState Supervisor::state_of(const Slot& slot, const std::optional<WantedSlot>& wanted) const {
  if (slot.now.alive) {
    if (slot.now.asked) return SlotState::kStopping;
    return slot.restarts.looping(now_ - slot.started) ? SlotState::kCrashLooping : SlotState::kRunning;
  }
  if (!wanted) return SlotState::kRunning;  // not reported
  if (!state_.installed().contains({wanted->assignment.topology, wanted->assignment.revision}))
    return SlotState::kFetching;
  return slot.restarts.looping(Duration::zero()) ? SlotState::kCrashLooping : SlotState::kBackingOff;
}

void Supervisor::add_event(const Slot& slot, const std::string& text) {
  control::Event e;
  e.number = ++event_number_;
  e.at_ms = wall_ms();
  e.topology = slot.now.assignment->topology;
  e.place = slot.now.assignment->place;
  e.text = text.substr(0, kMostEventBytes);
  events_.push_back(std::move(e));
  if (events_.size() > kMostEvents) {
    events_.pop_front();
    ++events_dropped_;
  }
  news_ = true;
}

// ---- small things

}  // namespace gale::node
