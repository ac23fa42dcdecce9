// SPDX-License-Identifier: Apache-2.0
//
// Link: the conversation of this worker with one other, as a state machine without sockets, threads or clocks. Two
// lanes a direction (data; acks, credit and HELLO), each with numbers, in order, sent again until received. Place:
// between route and the wire; hub.hpp puts it on ZeroMQ, tests/support/faulty_link.hpp on a bad network. Invariants
// (README.md): to one incarnation everything accepted arrives once and in order; to the next one nothing is sent again;
// credit out + credit in flight + what waits at the receiver = the grant; memory is bounded by grants, the lane window
// and one entry for each slot of a ledger. Threads: none of its own; its owner lets one call in at a time and carries
// out the actions.
#pragma once

#include "engine/base/clock.hpp"
#include "engine/base/note_limiter.hpp"
#include "engine/link/actions.hpp"
#include "engine/link/backoff.hpp"
#include "engine/link/counters.hpp"
#include "engine/link/credit.hpp"
#include "engine/link/gather.hpp"
#include "engine/link/pending_acks.hpp"
#include "engine/link/received_frame.hpp"
#include "engine/link/send_window.hpp"
#include "engine/wire/frame.hpp"
#include "engine/wire/lane_frame.hpp"

#include <cstdint>
#include <deque>
#include <memory>
#include <span>
#include <vector>

namespace gale::link {

struct LinkTimes {
  Duration hello_first = std::chrono::milliseconds(20), hello_most = std::chrono::seconds(1);
  Duration probe_first = std::chrono::milliseconds(50),
           probe_most = std::chrono::seconds(1);  // nothing confirmed: ping
  Duration request_first = std::chrono::milliseconds(10), request_most = std::chrono::seconds(1);  // a gap: ask again
  Duration state_delay = std::chrono::milliseconds(10);  // what was received is told at the latest
  Duration flush_delay = std::chrono::milliseconds(1);   // what was gathered leaves at the latest
};

struct LinkConfig {
  WorkerId me, peer;
  Incarnation incarnation;     // of this worker
  std::uint64_t topology = 0;  // token of the submission
  std::shared_ptr<const wire::Limits> limits;
  wire::BatchPool* pool = nullptr;
  std::vector<wire::Grant> grants;  // what tasks here offer the peer: told in HELLO
  std::uint32_t transfer_batch_bytes = 128u << 10;
  std::weak_ptr<ExecutedSink> sink;  // hears of executed batches and calls executed() below
  LinkTimes times;
};

class Link {
 public:
  explicit Link(LinkConfig config);

  /// Takes the batch into the next frame, or leaves it: no credit (feedback needs none), or the peer is not known yet;
  /// `actions.credit` names its task when it is worth asking again. Batches of one (source, dest) arrive in the order
  /// in which they were taken.
  [[nodiscard]] bool try_send(wire::BatchPtr& batch, TimePoint now, LinkActions& actions);
  /// Entries for a ledger at the peer.
  void ack(wire::AckBatch&& acks, TimePoint now, LinkActions& actions);
  /// A batch that this link delivered was executed.
  void executed(const Executed& event, TimePoint now, LinkActions& actions);
  /// A frame from the peer whose header has been read and is addressed to this worker.
  void on_frame(Lane lane, const wire::FrameHeader& header, wire::Frame frame, TimePoint now, LinkActions& actions);

  /// Sends what is gathered, data and acks.
  void flush(TimePoint now, LinkActions& actions);
  /// Does what is due. Nothing happens by itself: call it first at once, then at next_due().
  void tick(TimePoint now, LinkActions& actions);
  [[nodiscard]] TimePoint next_due() const noexcept;

  /// Both sides know each other's incarnation.
  [[nodiscard]] bool open() const noexcept { return open_; }
  /// All data sent was executed, all acks received, nothing gathered.
  [[nodiscard]] bool settled() const noexcept;
  [[nodiscard]] Incarnation peer_incarnation() const noexcept { return peer_incarnation_; }
  [[nodiscard]] std::int64_t credit(TaskId task) const noexcept { return credit_.of({task}); }
  /// Nothing is granted while the link is closed.
  [[nodiscard]] CreditUse credit_use(wire::Purse purse) const noexcept {
    return open_ ? credit_.use_of(purse) : CreditUse{};
  }
  /// `actions.credit` of a later call names the task when it is worth asking again. False: half of its credit is free.
  [[nodiscard]] bool want_credit(TaskId task) {
    const CreditUse use = credit_use({task});
    if (use.used * 2 < use.grant) return false;
    credit_.wait_for(task);
    return true;
  }
  [[nodiscard]] const LinkCounters& counters() const noexcept { return counters_; }
  /// Entries waiting for the ack lane, and frames kept for a resend: what the bounds are about.
  [[nodiscard]] std::size_t waiting_acks() const noexcept { return acks_.entries(); }
  [[nodiscard]] std::size_t kept_frames() const noexcept { return data_out_.size() + lane_out_.size(); }

 private:
  struct Incoming {
    std::uint64_t received = 0;
    Backoff request;  // runs while a gap is open
  };
  enum class Turn { kNext, kSeen, kEarly };

  wire::FrameHeader header(wire::FrameType type, std::uint64_t seq, std::uint32_t sections, std::uint32_t bytes) const;
  wire::Frame seal(wire::BatchPtr room, std::uint8_t* body, const wire::FrameHeader& header);
  wire::LaneState state() const noexcept;
  void send(Lane lane, wire::Frame frame, LinkActions& actions);

  void send_hello(bool answer_me, LinkActions& actions);
  void send_state(wire::LaneState state, LinkActions& actions);
  void send_gathered(TimePoint now, LinkActions& actions);
  void send_lane(TimePoint now, LinkActions& actions);
  void send_lane_frame(LinkActions& actions);
  void resend(Lane lane, SendWindow& window, TimePoint now, LinkActions& actions);
  void request_resend(bool data, bool lane, LinkActions& actions);

  void on_hello(const wire::FrameHeader& header, std::span<const std::uint8_t> body, TimePoint now, LinkActions&);
  void on_data(const wire::FrameHeader& header, wire::Frame frame, TimePoint now, LinkActions& actions);
  void on_lane(const wire::FrameHeader& header, std::span<const std::uint8_t> body, TimePoint now, LinkActions&);
  void on_state(const wire::LaneState& state, TimePoint now, LinkActions& actions);
  void on_lane_body(wire::LaneBody&& body, LinkActions& actions);
  Turn turn_of(Incoming& in, std::uint64_t seq, TimePoint now);
  void take_turn(Incoming& in, TimePoint now);

  void begin_with(Incarnation peer, TimePoint now, LinkActions& actions);
  void take_back_acks();
  void become_open(TimePoint now, LinkActions& actions);
  [[nodiscard]] bool lane_content() const noexcept;
  [[nodiscard]] bool confirmed_by_peer(std::uint64_t seq);
  void due_by(TimePoint& timer, TimePoint at) noexcept;
  void garbage(wire::Refusal refusal, TimePoint now, LinkActions& actions);
  void stale(const wire::FrameHeader& header, TimePoint now, LinkActions& actions);

  LinkConfig config_;
  LinkCounters counters_;
  Incarnation peer_incarnation_;  // 0: not heard of
  bool open_ = false;
  Backoff hello_;

  SendWindow data_out_, lane_out_;
  Backoff probe_;
  Gather gather_;
  CreditOut credit_;
  std::deque<bool> executed_;        // of the data frames behind executed_base_: confirmed?
  std::uint64_t executed_base_ = 0;  // all up to it are

  Incoming data_in_, lane_in_;
  bool lane_blocked_ = false;      // content waits for the window
  std::uint32_t lane_untold_ = 0;  // lane frames received since the peer last heard
  CreditBack give_back_;
  std::vector<std::uint64_t> confirms_;  // data frames executed here, to be told
  PendingAcks acks_;
  TimePoint flush_at_ = TimePoint::max(), state_at_ = TimePoint::max();

  std::vector<wire::Section> sections_;  // for reuse
  NoteLimiter garbage_note_, stale_note_;
};

}  // namespace gale::link
