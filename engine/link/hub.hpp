// SPDX-License-Identifier: Apache-2.0
//
// LinkHub: all links of a worker on their transport, for any thread. It carries out what the links want: sends under
// the link's lock (their order is the lane's), events outside of it. Locks: one a link, never two at a time; a socket's
// lock is taken under it. Events are called without any, so they may call the hub again. deliver, acks, credit and
// peer_changed only come from inside poll(), hence one at a time, in order. Stopping: the destructor drops what was not
// written; wait for settled() first. Delivered batches may outlive the hub, the pool outlives both.
#pragma once

#include "engine/base/clock.hpp"
#include "engine/base/result.hpp"
#include "engine/link/link.hpp"
#include "engine/link/zmq_transport.hpp"

#include <atomic>
#include <cstdint>
#include <memory>
#include <mutex>
#include <optional>
#include <string_view>
#include <utility>
#include <vector>

namespace gale::link {

class HubEvents {
 public:
  virtual ~HubEvents() = default;
  /// Belongs into the inbox of batch->dest; give it home when executed, from any thread.
  virtual void deliver(wire::BatchPtr batch) = 0;
  /// For a ledger of this worker.
  virtual void acks(wire::AckBatch&& acks) = 0;
  /// try_send refused a batch for `task` and would now take one.
  virtual void credit(WorkerId peer, TaskId task) = 0;
  /// A new life of a peer, the first one too: tell it again which sources have ended. Before anything from it.
  virtual void peer_changed(WorkerId peer, Incarnation incarnation) = 0;
  /// For the log; at most a few a second. From any call.
  virtual void note(std::string_view text) = 0;
};

struct HubOptions {
  Incarnation incarnation;
  std::uint64_t topology = 0;
  wire::Limits limits;                                // limits.me is this worker
  std::vector<wire::Grant> grants;                    // credit of each task here, for each peer
  std::vector<Endpoints> own;                         // where it listens
  std::vector<std::pair<WorkerId, Endpoints>> peers;  // all; where one is may not be known yet
  std::optional<keys::Security> security;
  std::uint32_t transfer_batch_bytes = 128u << 10;
  LinkTimes times;
};

class LinkHub {
 public:
  /// `events`, `pool` and `clock` outlive the hub. The first HELLOs leave with the first tick().
  static Result<std::unique_ptr<LinkHub>> create(HubOptions options, HubEvents& events, wire::BatchPool& pool,
                                                 const Clock& clock);
  ~LinkHub();
  LinkHub(const LinkHub&) = delete;
  LinkHub& operator=(const LinkHub&) = delete;

  /// To the worker of batch->dest. False: not now, HubEvents::credit will tell; the batch stays with the caller.
  [[nodiscard]] bool try_send(wire::BatchPtr& batch, TimePoint now);
  [[nodiscard]] CreditUse credit_use(WorkerId peer, wire::Purse purse) const;
  /// HubEvents::credit will tell when the peer has given some back. False: half of it is free now.
  [[nodiscard]] bool want_credit(WorkerId peer, TaskId task);
  void ack(WorkerId peer, wire::AckBatch&& acks, TimePoint now);

  /// Sends what is gathered, at once: when a thread has nothing left to run.
  void flush_all(TimePoint now);
  /// Does what is due (gathered for 1 ms, HELLO, pings, ...), cheap when nothing is. When to call again: another
  /// thread's call may make it sooner, by 1 ms at the least, so who sends and then sleeps calls flush_all() between.
  TimePoint tick(TimePoint now);

  /// Takes what has arrived. True: there may be more. A call beside another thread's returns at once.
  bool poll(TimePoint now);
  /// To sleep on, and the question before each sleep: only after true (see ZmqTransport).
  [[nodiscard]] const std::vector<int>& fds() const noexcept { return transport_->fds(); }
  [[nodiscard]] bool quiet();

  /// Listens there, too. Afterwards fds() has more.
  Result<void> listen(const Endpoints& at);
  /// The peer's place is elsewhere now, or its endpoints have become known. What was under way is sent again.
  Result<void> move_peer(WorkerId peer, const Endpoints& to) { return transport_->move_peer(peer, to); }
  /// Where this worker listens, with the ports that the system chose.
  [[nodiscard]] const std::vector<Endpoints>& bound() const noexcept { return transport_->bound(); }

  [[nodiscard]] bool open(WorkerId peer) const;
  /// Every link: all data executed, all acks received, nothing on its way from here.
  [[nodiscard]] bool settled() const;
  [[nodiscard]] LinkCounters counters(WorkerId peer) const;
  struct Counters {
    std::uint64_t garbage_refused = 0;    // no frame of ours
    std::uint64_t strangers_refused = 0;  // a frame of a worker that is no peer, or for another
    ZmqTransport::Counters transport;
  };
  [[nodiscard]] Counters counters() const;

 private:
  struct Peer;

  LinkHub(HubEvents& events, wire::BatchPool& pool, const Clock& clock);
  [[nodiscard]] Peer& peer(WorkerId id) const;
  template <class Call>
  void with(Peer& peer, Call&& call);
  void tell(Peer& peer, LinkActions& actions);
  void receive(Lane lane, wire::Frame frame, TimePoint now);
  void refuse(std::string_view why, TimePoint now);

  HubEvents* events_;
  wire::BatchPool* pool_;
  const Clock* clock_;
  std::shared_ptr<const wire::Limits> limits_;  // shared with the links
  std::unique_ptr<ZmqTransport> transport_;
  std::vector<std::shared_ptr<Peer>> peers_;  // by WorkerId, null for this one; shared with frames that are out
  std::mutex poll_mutex_;
  NoteLimiter garbage_note_;  // under poll_mutex_
  std::atomic<std::uint64_t> garbage_{0}, strangers_{0};
};

}  // namespace gale::link
