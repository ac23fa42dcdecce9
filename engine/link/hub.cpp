// SPDX-License-Identifier: Apache-2.0
#include "engine/link/hub.hpp"

#include "engine/base/assert.hpp"

#include <algorithm>
#include <optional>
#include <string>

namespace gale::link {

/// A link, its lock, and when it wants to be ticked. Frames that are out keep it; it knows when its hub has gone.
struct LinkHub::Peer final : ExecutedSink {
  void executed(const Executed& event) noexcept override;

  WorkerId id;
  mutable std::mutex mutex;
  std::optional<Link> link;  // under mutex
  LinkHub* hub = nullptr;    // under mutex; null once it has gone
  std::atomic<TimePoint::rep> due{TimePoint::min().time_since_epoch().count()};
};

void LinkHub::Peer::executed(const Executed& event) noexcept {
  LinkActions actions;
  const std::lock_guard lock(mutex);
  if (hub == nullptr) return;
  link->executed(event, hub->clock_->now(), actions);
  for (auto& send : actions.sends) hub->transport_->send(id, send.lane, std::move(send.frame));
  due.store(link->next_due().time_since_epoch().count(), std::memory_order_relaxed);
  ASSERT(actions.deliver.empty() && actions.acks.empty(), "executing a batch brings no other");
}

LinkHub::LinkHub(HubEvents& events, wire::BatchPool& pool, const Clock& clock)
    : events_(&events), pool_(&pool), clock_(&clock) {}

Result<std::unique_ptr<LinkHub>> LinkHub::create(HubOptions options, HubEvents& events, wire::BatchPool& pool,
                                                 const Clock& clock) {
  auto transport = ZmqTransport::create({options.own, options.peers, options.security, options.limits.max_frame_bytes});
  if (!transport) return Failed{transport.error()};
  std::unique_ptr<LinkHub> hub(new LinkHub(events, pool, clock));
  hub->transport_ = std::move(*transport);
  hub->limits_ = std::make_shared<const wire::Limits>(std::move(options.limits));
  for (const auto& [id, endpoints] : options.peers) {
    auto peer = std::make_shared<Peer>();
    peer->id = id;
    peer->hub = hub.get();
    peer->link.emplace(LinkConfig{.me = hub->limits_->me,
                                  .peer = id,
                                  .incarnation = options.incarnation,
                                  .topology = options.topology,
                                  .limits = hub->limits_,
                                  .pool = &pool,
                                  .grants = options.grants,
                                  .transfer_batch_bytes = options.transfer_batch_bytes,
                                  .sink = peer,
                                  .times = options.times});
    if (hub->peers_.size() <= id.value) hub->peers_.resize(id.value + std::size_t{1});
    hub->peers_[id.value] = std::move(peer);
  }
  return hub;
}

LinkHub::~LinkHub() {
  for (const auto& peer : peers_) {
    if (!peer) continue;
    const std::lock_guard lock(peer->mutex);
    peer->hub = nullptr;
    peer->link.reset();
  }
}

LinkHub::Peer& LinkHub::peer(WorkerId id) const {
  ASSERT(id.value < peers_.size() && peers_[id.value], "a worker that is no peer");
  return *peers_[id.value];
}

template <class Call>
void LinkHub::with(Peer& peer, Call&& call) {
  LinkActions actions;
  {
    const std::lock_guard lock(peer.mutex);
    call(*peer.link, actions);
    for (auto& send : actions.sends) transport_->send(peer.id, send.lane, std::move(send.frame));
    peer.due.store(peer.link->next_due().time_since_epoch().count(), std::memory_order_relaxed);
  }
  tell(peer, actions);
}

void LinkHub::tell(Peer& peer, LinkActions& actions) {
  if (actions.peer_changed) events_->peer_changed(peer.id, *actions.peer_changed);
  for (auto& batch : actions.deliver) events_->deliver(std::move(batch));
  for (auto& acks : actions.acks) events_->acks(std::move(acks));
  for (const TaskId task : actions.credit) events_->credit(peer.id, task);
  for (const std::string& text : actions.notes) events_->note(text);
}

bool LinkHub::try_send(wire::BatchPtr& batch, TimePoint now) {
  ASSERT(batch->dest.value < limits_->worker_of.size(), "a batch for a task that is not in the plan");
  bool taken = false;
  with(peer(limits_->worker_of[batch->dest.value]),
       [&](Link& link, LinkActions& actions) { taken = link.try_send(batch, now, actions); });
  return taken;
}

void LinkHub::ack(WorkerId id, wire::AckBatch&& acks, TimePoint now) {
  with(peer(id), [&](Link& link, LinkActions& actions) { link.ack(std::move(acks), now, actions); });
}

void LinkHub::flush_all(TimePoint now) {
  for (const auto& each : peers_)
    if (each) with(*each, [&](Link& link, LinkActions& actions) { link.flush(now, actions); });
}

TimePoint LinkHub::tick(TimePoint now) {
  TimePoint next = TimePoint::max();
  for (const auto& each : peers_) {
    if (!each) continue;
    if (each->due.load(std::memory_order_relaxed) <= now.time_since_epoch().count())
      with(*each, [&](Link& link, LinkActions& actions) { link.tick(now, actions); });
    next = std::min(next, TimePoint(Duration(each->due.load(std::memory_order_relaxed))));
  }
  return next;
}

bool LinkHub::poll(TimePoint now) {
  const std::unique_lock lock(poll_mutex_, std::try_to_lock);
  if (!lock) return false;
  return transport_->poll([&](Lane lane, wire::Frame frame) { receive(lane, std::move(frame), now); });
}

Result<void> LinkHub::listen(const Endpoints& at) {
  const std::lock_guard lock(poll_mutex_);
  return transport_->listen(at);
}

bool LinkHub::quiet() {
  const std::lock_guard lock(poll_mutex_);
  return transport_->quiet();
}

void LinkHub::receive(Lane lane, wire::Frame frame, TimePoint now) {
  wire::FrameHeader header;
  const wire::Refusal bad = wire::get_header(frame.bytes(), limits_->max_frame_bytes, header);
  if (bad != wire::Refusal::kNone) {
    garbage_.fetch_add(1, std::memory_order_relaxed);
    return refuse(wire::text_of(bad), now);
  }
  if (header.to != limits_->me || header.from.value >= peers_.size() || !peers_[header.from.value]) {
    strangers_.fetch_add(1, std::memory_order_relaxed);
    return refuse("of a worker that is no peer, or for another worker", now);
  }
  with(*peers_[header.from.value],
       [&](Link& link, LinkActions& actions) { link.on_frame(lane, header, std::move(frame), now, actions); });
}

void LinkHub::refuse(std::string_view why, TimePoint now) {
  if (auto note = garbage_note_.note("refused a frame of an unknown sender: " + std::string(why), now))
    events_->note(*note);
}

bool LinkHub::open(WorkerId id) const {
  const Peer& one = peer(id);
  const std::lock_guard lock(one.mutex);
  return one.link->open();
}

CreditUse LinkHub::credit_use(WorkerId id, wire::Purse purse) const {
  const Peer& one = peer(id);
  const std::lock_guard lock(one.mutex);
  return one.link->credit_use(purse);
}

bool LinkHub::want_credit(WorkerId id, TaskId task) {
  Peer& one = peer(id);
  const std::lock_guard lock(one.mutex);
  return one.link->want_credit(task);
}

bool LinkHub::settled() const {
  return std::all_of(peers_.begin(), peers_.end(), [](const std::shared_ptr<Peer>& each) {
    if (!each) return true;
    const std::lock_guard lock(each->mutex);
    return each->link->settled();
  });
}

LinkCounters LinkHub::counters(WorkerId id) const {
  const Peer& one = peer(id);
  const std::lock_guard lock(one.mutex);
  return one.link->counters();
}

LinkHub::Counters LinkHub::counters() const {
  return {garbage_.load(std::memory_order_relaxed), strangers_.load(std::memory_order_relaxed), transport_->counters()};
}

}  // namespace gale::link
