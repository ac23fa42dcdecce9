// SPDX-License-Identifier: Apache-2.0
//
// What a Link sends, and when. What it receives is in link_receive.cpp.
#include "engine/link/link.hpp"

#include "engine/base/assert.hpp"
#include "engine/base/failpoint.hpp"
#include "engine/wire/data_frame.hpp"

#include <algorithm>
#include <string>
#include <utility>

namespace gale::link {

namespace {
constexpr std::size_t kLaneWindow = 256;  // lane frames on their way; beyond it acks wait and fold
constexpr std::size_t kLaneFrameBytes = 64u << 10;
constexpr std::size_t kAcksWorthAFrame = 2048;  // 32 KB: do not wait for the flush
}  // namespace

Link::Link(LinkConfig config)
    : config_(std::move(config)),
      hello_(config_.times.hello_first, config_.times.hello_most),
      probe_(config_.times.probe_first, config_.times.probe_most),
      gather_(*config_.pool, config_.transfer_batch_bytes),
      credit_(config_.limits->worker_of.size()),
      data_in_{0, Backoff(config_.times.request_first, config_.times.request_most)},
      lane_in_{0, Backoff(config_.times.request_first, config_.times.request_most)},
      give_back_(config_.limits->worker_of.size(), config_.grants) {
  hello_.start(TimePoint::min());
}

wire::FrameHeader Link::header(wire::FrameType type, std::uint64_t seq, std::uint32_t sections,
                               std::uint32_t bytes) const {
  return {.type = type,
          .topology = config_.topology,
          .from = config_.me,
          .to = config_.peer,
          .from_incarnation = config_.incarnation,
          .to_incarnation = peer_incarnation_,
          .seq = seq,
          .sections = sections,
          .body_bytes = bytes};
}

/// A body that stands in `room`, the header written in front of it.
wire::Frame Link::seal(wire::BatchPtr room, std::uint8_t* body, const wire::FrameHeader& header) {
  std::uint8_t* const begin = body - wire::kFrameHeaderBytes;
  wire::put_header(begin, header);
  return {std::move(room), begin, wire::kFrameHeaderBytes + std::size_t{header.body_bytes}};
}

void Link::send(Lane lane, wire::Frame frame, LinkActions& actions) {
  ++counters_.frames_sent;
  counters_.bytes_sent += frame.size();
  actions.sends.push_back({lane, std::move(frame)});
}

void Link::due_by(TimePoint& timer, TimePoint at) noexcept { timer = std::min(timer, at); }

// ---- data

bool Link::try_send(wire::BatchPtr& batch, TimePoint now, LinkActions& actions) {
  ASSERT(batch->dest.value < config_.limits->worker_of.size(), "a batch for a task that is not in the plan");
  const bool takes_credit = !batch->end && !batch->feedback;
  if (!open_ || (takes_credit && credit_.of({batch->dest}) <= 0)) {
    credit_.wait_for(batch->dest);
    return false;
  }
  if (batch->bytes > config_.limits->max_frame_bytes - wire::kHeadroom) {
    ++counters_.batches_too_large;
    actions.notes.push_back("dropped a batch of " + std::to_string(batch->bytes) + " bytes for task " +
                            std::to_string(batch->dest.value) + ": larger than a frame between workers may be");
    actions.release.push_back(std::move(batch));
    return true;
  }
  credit_.take({batch->dest, batch->feedback}, wire::charge_of(batch->bytes, batch->end));
  ++counters_.batches_sent;
  const bool large = batch->bytes >= config_.transfer_batch_bytes / 2;  // goes alone, without a copy
  if (!gather_.empty() && (large || !gather_.fits(batch->bytes))) send_gathered(now, actions);
  gather_.add(std::move(batch), actions.release);
  if (large || gather_.full()) {
    send_gathered(now, actions);
  } else {
    due_by(flush_at_, now + config_.times.flush_delay);
  }
  return true;
}

void Link::send_gathered(TimePoint now, LinkActions& actions) {
  if (gather_.empty()) return;
  Gather::Body body = gather_.take();
  const auto head = header(wire::FrameType::kData, data_out_.sent() + 1, body.sections, body.bytes);
  wire::Frame frame = seal(std::move(body.room), body.begin, head);
  data_out_.push(frame);
  executed_.push_back(false);
  if (GALE_FAILPOINT_EVERY("link-doubles")) actions.sends.push_back({Lane::kData, frame});
  send(Lane::kData, std::move(frame), actions);
  probe_.start(now + probe_.first());
}

// ---- acks, credit, confirmations

void Link::ack(wire::AckBatch&& acks, TimePoint now, LinkActions& actions) {
  acks_.add(std::move(acks));
  if (!open_) return;
  if (acks_.entries() >= kAcksWorthAFrame) {
    send_lane(now, actions);
  } else {
    due_by(flush_at_, now + config_.times.flush_delay);
  }
}

void Link::executed(const Executed& event, TimePoint now, LinkActions& actions) {
  if (event.incarnation != peer_incarnation_) {
    ++counters_.late_executed;
    return;
  }
  const bool worth_telling = give_back_.add(event.dest, event.charge);
  if (event.last) confirms_.push_back(event.frame);
  if (worth_telling) {
    send_lane(now, actions);
  } else {
    due_by(flush_at_, now + config_.times.flush_delay);
  }
}

bool Link::lane_content() const noexcept { return give_back_.size() > 0 || !confirms_.empty() || !acks_.empty(); }

void Link::send_lane(TimePoint now, LinkActions& actions) {
  while (open_ && lane_content() && lane_out_.size() < kLaneWindow) {
    send_lane_frame(actions);
    probe_.start(now + probe_.first());
  }
  lane_blocked_ = lane_content();
}

void Link::send_lane_frame(LinkActions& actions) {
  const std::size_t wanted = wire::kLaneStateBytes + 2 * wire::kLaneSectionBytes +
                             give_back_.size() * wire::kGrantBytes + confirms_.size() * 8 + acks_.bytes();
  wire::BatchPtr room = config_.pool->take(static_cast<std::uint32_t>(std::min(wanted, kLaneFrameBytes)));
  wire::LaneState now_state = state();
  ++now_state.lane_sent;  // this one included
  wire::LaneWriter writer(*room, now_state);
  give_back_.move_into(writer);
  const std::size_t told = writer.confirmed(confirms_);
  confirms_.erase(confirms_.begin(), confirms_.begin() + static_cast<std::ptrdiff_t>(told));
  acks_.move_into(writer);
  const auto head = header(wire::FrameType::kLane, lane_out_.sent() + 1, writer.sections(), writer.bytes());
  std::uint8_t* const body = room->data;
  wire::Frame frame = seal(std::move(room), body, head);
  lane_out_.push(frame);
  state_at_ = TimePoint::max();
  lane_untold_ = 0;
  send(Lane::kAck, std::move(frame), actions);
}

wire::LaneState Link::state() const noexcept {
  return {.data_sent = data_out_.sent(),
          .data_received = data_in_.received,
          .lane_sent = lane_out_.sent(),
          .lane_received = lane_in_.received};
}

/// A bare LANE frame, outside the order: nothing is lost with it.
void Link::send_state(wire::LaneState state, LinkActions& actions) {
  wire::BatchPtr room = config_.pool->take(wire::kLaneStateBytes);
  const wire::LaneWriter writer(*room, state);
  std::uint8_t* const body = room->data;
  const auto head = header(wire::FrameType::kLane, 0, 0, writer.bytes());
  state_at_ = TimePoint::max();
  lane_untold_ = 0;
  send(Lane::kAck, seal(std::move(room), body, head), actions);
}

/// `answer_me`: said until the peer is known to know this life; a HELLO that only answers is not answered.
void Link::send_hello(bool answer_me, LinkActions& actions) {
  const auto bytes = static_cast<std::uint32_t>(wire::hello_bytes(config_.grants));
  wire::BatchPtr room = config_.pool->take(bytes);
  wire::put_hello(room->data, config_.grants);
  std::uint8_t* const body = room->data;
  const auto sections = static_cast<std::uint32_t>(config_.grants.size());
  ++counters_.hellos_sent;
  send(Lane::kAck, seal(std::move(room), body, header(wire::FrameType::kHello, answer_me ? 1 : 0, sections, bytes)),
       actions);
}

void Link::resend(Lane lane, SendWindow& window, TimePoint now, LinkActions& actions) {
  if (!window.may_resend(now, config_.times.request_first)) return;
  for (const wire::Frame& frame : window.frames()) {
    ++counters_.frames_resent;
    actions.sends.push_back({lane, frame});
  }
}

void Link::request_resend(bool data, bool lane, LinkActions& actions) {
  wire::LaneState now_state = state();
  now_state.resend_data = data;
  now_state.resend_lane = lane;
  ++counters_.resend_requests;
  send_state(now_state, actions);
}

// ---- time

void Link::flush(TimePoint now, LinkActions& actions) {
  flush_at_ = TimePoint::max();  // acks that a full window keeps here leave when it opens
  send_gathered(now, actions);
  send_lane(now, actions);
}

void Link::tick(TimePoint now, LinkActions& actions) {
  if (now >= flush_at_) flush(now, actions);
  if (hello_.due(now)) send_hello(true, actions);
  const bool data_gap = data_in_.request.due(now), lane_gap = lane_in_.request.due(now);
  if (data_gap || lane_gap) request_resend(data_gap, lane_gap, actions);
  if (probe_.due(now)) {
    wire::LaneState ping = state();
    ping.ping = true;
    ++counters_.pings;
    send_state(ping, actions);
  }
  if (now >= state_at_) send_state(state(), actions);
}

TimePoint Link::next_due() const noexcept {
  return std::min({flush_at_, state_at_, hello_.at(), probe_.at(), data_in_.request.at(), lane_in_.request.at()});
}

bool Link::settled() const noexcept {
  return gather_.empty() && !lane_content() && data_out_.empty() && lane_out_.empty() && executed_.empty();
}

}  // namespace gale::link
