// SPDX-License-Identifier: Apache-2.0
#include "engine/worker/peers.hpp"

#include "engine/base/log.hpp"
#include "engine/link/hub.hpp"
#include "engine/worker/worker.hpp"

#include <algorithm>
#include <atomic>
#include <mutex>
#include <utility>
#include <vector>

namespace gale::worker {

struct Peers::Impl final : link::HubEvents {
  /// A task in another worker. Whoever is refused is written down under the same lock as the question was asked, so the
  /// credit that comes meanwhile is not missed.
  struct Remote final : execute::Destination {
    /// The same for feedback, which is refused only while the link is closed.
    struct Round final : execute::Destination {
      Remote* remote = nullptr;
      bool offer(wire::BatchPtr& batch, execute::Schedulable& sender) override { return remote->offer(batch, sender); }
      bool wait_for_room(execute::Schedulable& /*sender*/) override { return false; }
      execute::Fill fill() override { return remote->fill_of(true); }
    };
    Round round;
    Impl* impl = nullptr;
    std::mutex lock;
    std::vector<execute::Schedulable*> waiting;  // each once
    std::vector<wire::BatchPtr> owed;            // ENDs told again, until the link is open

    /// After whatever is under way already.
    void tell_again(wire::BatchPtr end) {
      {
        const std::lock_guard guard(lock);
        owed.push_back(std::move(end));
      }
      pay();
    }
    void pay() {
      const std::lock_guard guard(lock);  // refused: the link has written down that the task waits, and wakes us
      while (!owed.empty() && impl->hub->try_send(owed.back(), impl->env.clock.now())) owed.pop_back();
    }
    bool offer(wire::BatchPtr& batch, execute::Schedulable& sender) override {
      const std::lock_guard guard(lock);
      const std::uint32_t count = batch->count;
      if (impl->hub->try_send(batch, impl->env.clock.now())) {
        impl->records_sent.fetch_add(count, std::memory_order_relaxed);
        return true;
      }
      note_waiting(sender);
      return false;
    }
    bool wait_for_room(execute::Schedulable& sender) override {
      const std::lock_guard guard(lock);
      if (!impl->hub->want_credit(worker(), task())) return false;
      note_waiting(sender);
      return true;
    }
    void note_waiting(execute::Schedulable& sender) {  // under lock
      if (std::find(waiting.begin(), waiting.end(), &sender) == waiting.end()) waiting.push_back(&sender);
    }
    execute::Fill fill() override { return fill_of(false); }
    [[nodiscard]] execute::Fill fill_of(bool feedback) const {
      const link::CreditUse use = impl->hub->credit_use(worker(), {task(), feedback});
      return {use.used, use.grant};
    }
    [[nodiscard]] TaskId task() const { return TaskId(static_cast<std::uint32_t>(this - impl->remotes.data())); }
    [[nodiscard]] WorkerId worker() const { return impl->plan.tasks[task().value].worker; }
    void wake() {
      pay();
      std::vector<execute::Schedulable*> woken;
      {
        const std::lock_guard guard(lock);
        woken.swap(waiting);
      }
      for (execute::Schedulable* task : woken) impl->env.pool.wake(*task);
    }
  };

  Impl(const plan::Plan& p, const Options& o, execute::Environment& e, std::function<execute::Inbox*(TaskId)> i)
      : plan(p), options(o), env(e), inbox_of(std::move(i)), remotes(p.tasks.size()), reborn(p.workers) {
    for (auto& remote : remotes) {
      remote.impl = this;
      remote.round.remote = &remote;
    }
  }

  void deliver(wire::BatchPtr batch) override {
    execute::Inbox* inbox = inbox_of(batch->dest);
    if (inbox != nullptr) inbox->deliver(std::move(batch));  // else a spout's: validated away, or let go here
  }
  void acks(wire::AckBatch&& batch) override { env.acks.tell(std::move(batch)); }
  void credit(WorkerId, TaskId task) override { remotes[task.value].wake(); }
  void note(std::string_view text) override { log::warn("link", text); }

  void peer_changed(WorkerId peer, Incarnation incarnation) override {
    if (incarnation.value > 1) {
      log::warn("link", "worker " + std::to_string(peer.value + 1) + " is back as incarnation " +
                            std::to_string(incarnation.value));
    }
    std::vector<TaskId> ended;
    {
      const std::lock_guard guard(ended_lock);
      ended = ended_tasks;
      if (incarnation.value > 1) reborn[peer.value] = true;
    }
    for (const TaskId task : ended) tell_end(task, peer);
    for (std::uint32_t i = 0; i < plan.tasks.size(); ++i) {
      if (plan.tasks[i].worker == peer) remotes[i].wake();
    }
  }

  void tell_end(TaskId source, WorkerId peer) {
    const ComponentId from = plan.tasks[source.value].component;
    for (const plan::Edge& edge : plan.edges) {
      if (edge.from == from && !edge.feedback) tell_end(source, edge.to, peer);
    }
    for (const plan::EndEdge& end : plan.ends) {
      if (end.from == from) tell_end(source, end.to, peer);
    }
  }
  void tell_end(TaskId source, ComponentId component, WorkerId peer) {
    const plan::Component& to = plan.component(component);
    for (std::uint32_t i = 0; i < to.tasks; ++i) {
      const TaskId dest(to.first_task.value + i);
      if (plan.tasks[dest.value].worker != peer) continue;
      wire::BatchPtr end = env.batches.take(1);
      end->source = source;
      end->dest = dest;
      end->end = true;
      end->born = env.clock.now();
      remotes[dest.value].tell_again(std::move(end));
    }
  }

  link::HubOptions hub_options() const {
    link::HubOptions o;
    o.incarnation = options.incarnation;
    o.topology = options.token;
    o.limits.me = options.self;
    for (std::uint32_t i = 0; i < plan.tasks.size(); ++i) {
      const plan::Component& c = plan.component_of(TaskId(i));
      o.limits.worker_of.push_back(plan.tasks[i].worker);
      o.limits.inputs_of.push_back(static_cast<std::uint16_t>(c.inputs.size()));
      if (plan.tasks[i].worker != options.self || c.inputs.empty()) continue;
      o.grants.push_back({{TaskId(i)}, c.settings.inbox_bytes});
      const auto round = [&](std::size_t edge) { return plan.edges[edge].feedback; };
      if (std::any_of(c.inputs.begin(), c.inputs.end(), round))
        o.grants.push_back({{TaskId(i), true}, c.settings.cycle_bytes});
    }
    for (const TaskId spout : plan.ledgers) o.limits.worker_of_ledger.push_back(plan.tasks[spout.value].worker);
    o.own = options.own;
    for (std::uint16_t w = 0; w < plan.workers; ++w) {
      if (WorkerId(w) == options.self) continue;
      o.peers.emplace_back(WorkerId(w), w < options.places.size() ? options.places[w] : link::Endpoints{});
    }
    o.security = options.security;
    o.transfer_batch_bytes = plan.settings.transfer_batch_bytes;
    return o;
  }

  /// What the hub listens on and the poller does not know yet; the hook does the reading.
  void watch_new() {
    for (; watched < hub->fds().size(); ++watched) env.poller.watch(hub->fds()[watched], [] {});
  }

  /// The poller's: takes what has come, sends what is due; before a sleep everything that is gathered.
  TimePoint service(TimePoint now, bool before_sleep) {
    if (before_sleep) hub->flush_all(now);
    const bool more = hub->poll(now);
    const TimePoint next = hub->tick(now);
    if (before_sleep && (more || !hub->quiet())) return now;
    return next;
  }

  const plan::Plan& plan;
  const Options& options;
  execute::Environment& env;
  std::function<execute::Inbox*(TaskId)> inbox_of;
  std::vector<Remote> remotes;  // by TaskId; those of this worker are not used
  std::unique_ptr<link::LinkHub> hub;
  std::size_t watched = 0;  // of the hub's descriptors; the owner's
  std::mutex ended_lock;
  std::vector<TaskId> ended_tasks;
  std::vector<bool> reborn;  // by worker, guarded by ended_lock: it has been started anew
  std::atomic<std::uint64_t> records_sent{0};
};

Peers::Peers(const plan::Plan& plan, const Options& options, execute::Environment& env,
             std::function<execute::Inbox*(TaskId)> inbox_of)
    : impl_(std::make_unique<Impl>(plan, options, env, std::move(inbox_of))) {}

Peers::~Peers() = default;

Result<void> Peers::start() {
  auto hub = link::LinkHub::create(impl_->hub_options(), *impl_, impl_->env.batches, impl_->env.clock);
  if (!hub) return Failed{hub.error()};
  impl_->hub = std::move(*hub);
  impl_->watch_new();
  impl_->env.poller.set_hook({[this](TimePoint now, bool before_sleep) { return impl_->service(now, before_sleep); },
                              [this](TimePoint now) { impl_->hub->flush_all(now); }});
  return {};
}

execute::Destination& Peers::destination(TaskId task, bool feedback) {
  Impl::Remote& remote = impl_->remotes[task.value];
  return feedback ? static_cast<execute::Destination&>(remote.round) : remote;
}

void Peers::tell(WorkerId worker, wire::AckBatch&& batch) {
  impl_->hub->ack(worker, std::move(batch), impl_->env.clock.now());
}

const std::vector<link::Endpoints>& Peers::listen_at() const { return impl_->hub->bound(); }

Result<void> Peers::listen(const link::Endpoints& at) {
  if (Result<void> done = impl_->hub->listen(at); !done) return done;
  impl_->watch_new();
  return {};
}

Result<void> Peers::moved(WorkerId worker, const link::Endpoints& to) { return impl_->hub->move_peer(worker, to); }

void Peers::task_ended(TaskId task) {
  std::vector<bool> reborn;
  {
    const std::lock_guard guard(impl_->ended_lock);
    impl_->ended_tasks.push_back(task);
    reborn = impl_->reborn;
  }
  for (std::uint16_t w = 0; w < reborn.size(); ++w) {  // it may have died between taking the END and now
    if (reborn[w]) impl_->tell_end(task, WorkerId(w));
  }
}

bool Peers::settled() const { return impl_->hub->settled(); }

LinkReport Peers::report() const {
  LinkReport r;
  r.records_sent = impl_->records_sent.load(std::memory_order_relaxed);
  for (std::uint16_t w = 0; w < impl_->plan.workers; ++w) {
    if (WorkerId(w) == impl_->options.self) continue;
    const link::LinkCounters c = impl_->hub->counters(WorkerId(w));
    r.bytes_sent += c.bytes_sent;
    r.frames_sent += c.frames_sent;
    r.frames_resent += c.frames_resent;
    r.duplicates_dropped += c.duplicates_dropped;
    r.stale_refused += c.stale_refused;
    r.garbage_refused += c.garbage_refused;
    r.dropped_to_dead += c.frames_dropped_to_dead;
  }
  const link::LinkHub::Counters all = impl_->hub->counters();
  r.garbage_refused += all.garbage_refused + all.strangers_refused + all.transport.keys_refused;
  return r;
}

}  // namespace gale::worker
