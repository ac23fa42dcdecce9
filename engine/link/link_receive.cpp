// SPDX-License-Identifier: Apache-2.0
//
// What a Link makes of the frames that come. The order of checks: whose life it is, its turn, its grammar; nothing of a
// frame is believed before it has passed.
#include "engine/base/failpoint.hpp"
#include "engine/link/link.hpp"
#include "engine/wire/data_frame.hpp"

#include <string>
#include <utility>

namespace gale::link {

namespace {
constexpr std::uint32_t kLaneUntold = 32;  // an eighth of the sender's window

std::string name_of(WorkerId worker) { return "worker " + std::to_string(worker.value + 1); }
}  // namespace

void Link::garbage(wire::Refusal refusal, TimePoint now, LinkActions& actions) {
  ++counters_.garbage_refused;
  std::string text = "refused a frame that says it is of " + name_of(config_.peer) + ": ";
  text += wire::text_of(refusal);
  if (auto note = garbage_note_.note(text, now)) actions.notes.push_back(std::move(*note));
}

void Link::stale(const wire::FrameHeader& header, TimePoint now, LinkActions& actions) {
  ++counters_.stale_refused;
  std::string text = "refused a frame of " + name_of(config_.peer) + ": ";
  if (header.topology != config_.topology) {
    text += "it belongs to another topology";
  } else {
    text += "from its life " + std::to_string(header.from_incarnation.value) + " to ours " +
            std::to_string(header.to_incarnation.value) + ", now are " + std::to_string(peer_incarnation_.value) +
            " and " + std::to_string(config_.incarnation.value);
  }
  if (auto note = stale_note_.note(text, now)) actions.notes.push_back(std::move(*note));
}

void Link::on_frame(Lane lane, const wire::FrameHeader& header, wire::Frame frame, TimePoint now,
                    LinkActions& actions) {
  const bool is_data = header.type == wire::FrameType::kData;
  const bool is_hello = header.type == wire::FrameType::kHello;
  if (is_data != (lane == Lane::kData) || header.from != config_.peer || header.to != config_.me)
    return garbage(wire::Refusal::kType, now, actions);
  if (header.topology != config_.topology) return stale(header, now, actions);
  if (is_hello) return on_hello(header, frame.bytes().subspan(wire::kFrameHeaderBytes), now, actions);
  if (header.from_incarnation != peer_incarnation_ || header.to_incarnation != config_.incarnation)
    return stale(header, now, actions);
  become_open(now, actions);  // it knows us
  if (is_data) return on_data(header, std::move(frame), now, actions);
  on_lane(header, frame.bytes().subspan(wire::kFrameHeaderBytes), now, actions);
}

// ---- HELLO

void Link::on_hello(const wire::FrameHeader& header, std::span<const std::uint8_t> body, TimePoint now,
                    LinkActions& actions) {
  if (header.from_incarnation < peer_incarnation_ || header.from_incarnation.value == 0)
    return stale(header, now, actions);
  std::vector<wire::Grant> grants;
  const wire::Refusal bad = wire::get_hello(header, body, *config_.limits, grants);
  if (bad != wire::Refusal::kNone) return garbage(bad, now, actions);
  ++counters_.hellos_received;
  if (header.from_incarnation > peer_incarnation_) {
    begin_with(header.from_incarnation, now, actions);
    credit_.grant(grants);
  }
  if (header.to_incarnation == config_.incarnation) become_open(now, actions);
  if (header.seq != 0) send_hello(!open_, actions);
}

/// A new life of the peer, the first one too. Data that was on its way to the old one is lost, and said to be. Acks are
/// not: roots of the new life may have come here by way of others before its HELLO did, so all entries are told again,
/// and those of the old life's roots are stale there, by their serial.
void Link::begin_with(Incarnation peer, TimePoint now, LinkActions& actions) {
  for (const bool confirmed : executed_) counters_.frames_dropped_to_dead += confirmed ? 0 : 1;
  if (!gather_.empty()) {
    ++counters_.frames_dropped_to_dead;
    actions.release.push_back(gather_.take().room);
  }
  take_back_acks();
  data_out_.reset();
  lane_out_.reset();
  executed_.clear();
  executed_base_ = 0;
  probe_.stop();
  for (Incoming* in : {&data_in_, &lane_in_}) {
    in->received = 0;
    in->request.stop();
  }
  lane_untold_ = 0;
  give_back_.clear();
  confirms_.clear();
  credit_.revoke();
  flush_at_ = state_at_ = TimePoint::max();
  open_ = false;
  hello_.restart(now + hello_.first());
  peer_incarnation_ = peer;
  actions.peer_changed = peer;
}

void Link::take_back_acks() {
  wire::Limits theirs = *config_.limits;
  theirs.me = config_.peer;
  for (const wire::Frame& frame : lane_out_.frames()) {
    wire::FrameHeader header;
    wire::LaneBody body;
    const auto bytes = frame.bytes();
    if (wire::get_header(bytes, theirs.max_frame_bytes, header) != wire::Refusal::kNone ||
        wire::get_lane_body(header, bytes.subspan(wire::kFrameHeaderBytes), theirs, body) != wire::Refusal::kNone)
      continue;  // cannot be: it was written here
    for (wire::AckBatch& acks : body.acks) acks_.add(std::move(acks));
  }
  counters_.acks_told_again += acks_.entries();
}

void Link::become_open(TimePoint now, LinkActions& actions) {
  if (open_ || peer_incarnation_.value == 0) return;
  open_ = true;
  hello_.stop();
  credit_.wake_all(actions.credit);
  send_lane(now, actions);
}

// ---- turns

Link::Turn Link::turn_of(Incoming& in, std::uint64_t seq, TimePoint now) {
  if (seq == in.received + 1) return Turn::kNext;
  if (seq <= in.received) {
    ++counters_.duplicates_dropped;
    due_by(state_at_, now + config_.times.state_delay);  // its sender has not heard
    return Turn::kSeen;
  }
  ++counters_.gaps;
  in.request.start(now);
  return Turn::kEarly;
}

void Link::take_turn(Incoming& in, TimePoint now) {
  ++in.received;
  in.request.stop();
  due_by(state_at_, now + config_.times.state_delay);
}

// ---- DATA

void Link::on_data(const wire::FrameHeader& header, wire::Frame frame, TimePoint now, LinkActions& actions) {
  const Turn turn = turn_of(data_in_, header.seq, now);
  if (turn == Turn::kEarly && data_in_.request.due(now)) request_resend(true, false, actions);
  if (turn == Turn::kEarly || (turn == Turn::kSeen && !GALE_FAILPOINT("resend-without-dedupe"))) return;
  sections_.clear();
  const auto body = frame.bytes().subspan(wire::kFrameHeaderBytes);
  const wire::Refusal bad = wire::check_data(header, body, *config_.limits, sections_);
  if (bad != wire::Refusal::kNone) return garbage(bad, now, actions);
  std::shared_ptr<ExecutedSink> sink = config_.sink.lock();
  if (!sink) return;  // closing: nobody to deliver to
  if (turn == Turn::kNext) take_turn(data_in_, now);
  ++counters_.frames_received;
  counters_.bytes_received += frame.size();
  counters_.batches_delivered += sections_.size();
  ReceivedFrame::open(std::move(frame), header, sections_, *config_.pool, std::move(sink), now, actions.deliver);
}

// ---- LANE

void Link::on_lane(const wire::FrameHeader& header, std::span<const std::uint8_t> body, TimePoint now,
                   LinkActions& actions) {
  wire::LaneState state;
  wire::Refusal bad = wire::get_lane_state(header, body, state);
  if (bad == wire::Refusal::kNone && (state.data_received > data_out_.sent() || state.lane_received > lane_out_.sent()))
    bad = wire::Refusal::kSequence;
  if (bad != wire::Refusal::kNone) return garbage(bad, now, actions);
  if (header.seq != 0) {
    const Turn turn = turn_of(lane_in_, header.seq, now);
    if (turn == Turn::kEarly && lane_in_.request.due(now)) request_resend(false, true, actions);
    if (turn == Turn::kNext) {
      wire::LaneBody content;
      bad = wire::get_lane_body(header, body, *config_.limits, content);
      if (bad != wire::Refusal::kNone) return garbage(bad, now, actions);
      take_turn(lane_in_, now);
      ++lane_untold_;
      on_lane_body(std::move(content), actions);
    }
  }
  ++counters_.frames_received;
  counters_.bytes_received += header.body_bytes + wire::kFrameHeaderBytes;
  on_state(state, now, actions);
}

void Link::on_lane_body(wire::LaneBody&& body, LinkActions& actions) {
  for (wire::AckBatch& acks : body.acks) actions.acks.push_back(std::move(acks));
  for (const wire::Grant& back : body.credit)
    if (!credit_.give(back)) ++counters_.credit_refused;
  if (!body.credit.empty()) credit_.wake(actions.credit);
  for (const std::uint64_t seq : body.confirmed)
    if (!confirmed_by_peer(seq)) ++counters_.garbage_refused;
}

bool Link::confirmed_by_peer(std::uint64_t seq) {
  if (seq <= executed_base_ || seq > executed_base_ + executed_.size()) return false;
  executed_[seq - executed_base_ - 1] = true;
  for (; !executed_.empty() && executed_.front(); ++executed_base_) executed_.pop_front();
  return true;
}

void Link::on_state(const wire::LaneState& state, TimePoint now, LinkActions& actions) {
  const bool data_news = data_out_.confirm_received(state.data_received);
  const bool lane_news = lane_out_.confirm_received(state.lane_received);
  if (data_news || lane_news) {
    probe_.stop();
    if (!data_out_.empty() || !lane_out_.empty()) probe_.start(now + probe_.first());
    if (lane_blocked_) send_lane(now, actions);
  }
  if (state.resend_data) resend(Lane::kData, data_out_, now, actions);
  if (state.resend_lane) resend(Lane::kAck, lane_out_, now, actions);
  if (state.ping) {
    const bool data_gap = state.data_sent > data_in_.received, lane_gap = state.lane_sent > lane_in_.received;
    if (data_gap) data_in_.request.start(now);
    if (lane_gap) lane_in_.request.start(now);
    const bool ask_data = data_in_.request.due(now), ask_lane = lane_in_.request.due(now);
    if (ask_data || ask_lane) {
      request_resend(ask_data, ask_lane, actions);
    } else {
      send_state(this->state(), actions);
    }
  }
  if (lane_untold_ >= kLaneUntold) send_state(this->state(), actions);
}

}  // namespace gale::link
