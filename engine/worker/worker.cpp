// SPDX-License-Identifier: Apache-2.0
#include "engine/worker/worker.hpp"

#include "engine/base/assert.hpp"
#include "engine/base/log.hpp"
#include "engine/crash/handler.hpp"

#include <algorithm>
#include <cstdio>
#include <map>
#include <utility>

namespace gale::worker {

namespace {

constexpr Duration kLasts = std::chrono::milliseconds(100);  // a call this long is noted with its tuple
constexpr Duration kReach = std::chrono::seconds(2);         // how long a hung thread may take to write its record

std::string in_seconds(Duration time) {
  char seconds[32];
  std::snprintf(seconds, sizeof seconds, "%g s", std::chrono::duration<double>(time).count());
  return seconds;
}

}  // namespace

Worker::Worker(const plan::Plan& plan, const Options& options, const Clock& clock)
    : plan_(plan),
      options_(options),
      clock_(clock),
      page_(crash::Page::make(options.crash_page, legend())),
      pool_(options.threads != 0 ? options.threads : plan.settings.threads, clock, poller_, page()),
      budget_(pool_, plan.settings.outbox_bytes),
      env_{plan, clock, pool_, poller_, batches_, budget_, *this, *this} {}

Worker::~Worker() {
  stop();
  crash::forget(page());
}

/// As crash/legend.hpp wants it.
std::string Worker::legend() const {
  std::string text;
  for (std::uint32_t i = 0; i < plan_.tasks.size(); ++i) {
    const plan::Component& component = plan_.component_of(TaskId(i));
    std::string line = component.kind == host::ComponentKind::kSpout ? "spout " : "bolt ";
    line += plan_.name_of(TaskId(i));
    for (const std::size_t edge : component.inputs) {
      const plan::Edge& e = plan_.edges[edge];
      const plan::Component& from = plan_.component(e.from);
      line += "\t" + from.id + "/" + from.streams[e.stream].name;
    }
    text += line + "\n";
  }
  return text;
}

void Worker::make_tasks() {
  bolts_.resize(plan_.tasks.size());
  spouts_.resize(plan_.tasks.size());
  ackers_.resize(plan_.ledgers.size());
  for (std::uint32_t i = 0; i < plan_.tasks.size(); ++i) {
    const TaskId id(i);
    if (!local(id)) continue;
    ++unfinished_;
    const plan::Component& component = plan_.component_of(id);
    if (component.kind != host::ComponentKind::kSpout) {
      bolts_[i] = std::make_unique<execute::BoltTask>(env_, id);
      if (component.pinned) pool_.pin(*bolts_[i]);
      continue;
    }
    spouts_[i] = std::make_unique<execute::SpoutTask>(env_, id, options_.incarnation);
    spouts_[i]->set_active(options_.active);
    if (component.pinned) pool_.pin(*spouts_[i]);
    ackers_[plan_.tasks[i].ledger.value] = std::make_unique<execute::AckerTask>(
        pool_, *spouts_[i], plan_.settings.message_timeout, plan_.settings.message_max_age);
  }
}

std::vector<execute::Destination*> Worker::destinations(const plan::Component& to, bool feedback) {
  std::vector<execute::Destination*> all;
  for (std::uint32_t i = 0; i < to.tasks; ++i) {
    const TaskId dest(to.first_task.value + i);
    if (!local(dest)) {
      all.push_back(&peers_->destination(dest, feedback));
      continue;
    }
    execute::Inbox& inbox = bolts_[dest.value]->inbox();
    all.push_back(feedback ? &inbox.feedback() : &inbox);
  }
  return all;
}

void Worker::wire_streams() {
  const auto each_task = [this](ComponentId of, const auto& wire) {
    const plan::Component& component = plan_.component(of);
    for (std::uint32_t i = 0; i < component.tasks; ++i) {
      const std::uint32_t task = component.first_task.value + i;
      if (spouts_[task]) wire(*spouts_[task]);
      if (bolts_[task]) wire(*bolts_[task]);
    }
  };
  for (const plan::Edge& edge : plan_.edges) {
    const auto to = destinations(plan_.component(edge.to), edge.feedback);
    each_task(edge.from, [&](execute::ComponentTask& task) { task.connect(edge, to); });
  }
  for (const plan::EndEdge& end : plan_.ends) {
    const auto to = destinations(plan_.component(end.to), false);
    each_task(end.from, [&](execute::ComponentTask& task) { task.connect_end(end.to, to); });
  }
}

namespace {

/// What a plan names; the plan was made with these plugins, so it fails when they have changed since.
Result<const gale_component*> find(host::PluginSearch& plugins, const std::string& plugin, const std::string& type) {
  const host::Opened opened = plugins.find(plugin);
  if (!opened) return Failed{opened.error};
  const gale_component* table = opened.plugin->find(type);
  if (table == nullptr) return Failed{"plugin '" + plugin + "' has no component '" + type + "'"};
  return table;
}

}  // namespace

Result<void> Worker::start_hooks(host::PluginSearch& plugins) {
  for (const plan::Hook& hook : plan_.hooks) {
    if (hook.kind != host::ComponentKind::kWorkerHook) continue;
    const auto table = find(plugins, hook.plugin, hook.type);
    if (!table) return Failed{table.error()};
    execute::WorkerHook& one =
        *hooks_.emplace_back(std::make_unique<execute::WorkerHook>(plan_, hook, options_.self, clock_));
    std::optional<std::string> wrong;
    hook_running_ = &one;
    pool_.call(one, [&] { wrong = one.start(**table); });
    hook_running_ = nullptr;
    if (wrong) return Failed{*wrong};
  }
  return {};
}

Result<void> Worker::open(host::PluginSearch& plugins, execute::ComponentTask& task) {
  const plan::Component& component = task.component();
  const auto table = find(plugins, component.plugin, component.type);
  if (!table) return Failed{table.error()};
  for (std::size_t i = 0; i < task.customs().size(); ++i) {
    const plan::Custom& custom = task.customs()[i]->custom;
    const auto grouping = find(plugins, custom.plugin, custom.type);
    if (!grouping) return Failed{grouping.error()};
    std::optional<std::string> wrong;
    pool_.call(task, [&] { wrong = task.start_custom(i, **grouping); });
    if (wrong) return Failed{*wrong};
  }
  const std::vector<const plan::Hook*> hooks = task.hooks();
  for (std::size_t i = 0; i < hooks.size(); ++i) {
    const auto hook = find(plugins, hooks[i]->plugin, hooks[i]->type);
    if (!hook) return Failed{hook.error()};
    std::optional<std::string> wrong;
    pool_.call(task, [&] { wrong = task.start_hook(i, **hook); });
    if (wrong) return Failed{*wrong};
  }
  std::optional<std::string> wrong;
  pool_.call(task, [&] { wrong = task.start(**table); });
  if (wrong) return Failed{*wrong};
  return {};
}

Result<void> Worker::start(host::PluginSearch& plugins, const crash::Suspects& suspects) {
  if (!page_) return Failed{page_.error()};
  make_tasks();
  if (!suspects.idle()) avoid(suspects);
  if (plan_.workers > 1) {
    peers_ = std::make_unique<Peers>(plan_, options_, env_, [this](TaskId dest) {
      return bolts_[dest.value] ? &bolts_[dest.value]->inbox() : nullptr;
    });
    if (Result<void> bound = peers_->start(); !bound) return bound;
  }
  wire_streams();
  if (Result<void> started = start_hooks(plugins); !started) return started;
  // Bolts first: when the first spout runs, all that it feeds is open.
  for (const auto& bolt : bolts_) {
    if (!bolt) continue;
    if (Result<void> opened = open(plugins, *bolt); !opened) return opened;
  }
  for (const auto& spout : spouts_) {
    if (!spout) continue;
    if (Result<void> opened = open(plugins, *spout); !opened) return opened;
  }
  running_ = true;
  for (const auto& acker : ackers_) {
    if (acker) pool_.wake(*acker);
  }
  for (const auto& bolt : bolts_) {
    if (bolt) pool_.wake(*bolt);
  }
  for (const auto& spout : spouts_) {
    if (spout) pool_.wake(*spout);
  }
  pool_.start();
  return {};
}

bool Worker::wait(Duration most) {
  std::unique_lock lock(lock_);
  return changed_.wait_for(lock, most, [this] { return unfinished_ == 0; });
}

std::uint64_t Worker::wait_news(std::uint64_t seen, Duration most) {
  std::unique_lock lock(lock_);
  changed_.wait_for(lock, most, [&] { return news_ != seen; });
  return news_;
}

/// A call of user code that does not return: its tuples time out, and somebody should know whose.
void Worker::tell_stuck() {
  const Duration most = plan_.settings.message_timeout;
  const std::vector<std::string> names = pool_.running(most);
  std::erase_if(stuck_,
                [&](const std::string& name) { return std::find(names.begin(), names.end(), name) == names.end(); });
  for (const std::string& name : names) {
    if (!stuck_.insert(name).second) continue;
    say(name + ": one call of its code has not returned for " + in_seconds(most) +
        " (topology.message.timeout.secs): its tuples time out");
  }
}

void Worker::avoid(const crash::Suspects& suspects) {
  for (const auto& bolt : bolts_) {
    if (!bolt) continue;
    avoided_.push_back(execute::Poison::of(plan_, bolt->component(), suspects));
    bolt->avoid(avoided_.back().get());
  }
}

void Worker::look_for_hung() {
  const TimePoint now = clock_.now();
  page()->each_call([&](crash::Entry& entry) {
    const Duration lasts = now.time_since_epoch() - Duration(entry.since_ns.load());
    if (lasts < kLasts) return;
    crash::Page::capture(entry);
    const Duration most = plan_.component_of(TaskId(entry.task.load())).settings.task_hang;
    if (most == Duration::zero() || lasts < most) return;
    if (hung_ != TimePoint()) {
      if (now - hung_ > kReach) crash::abort_unreached(entry);
      return;
    }
    hung_ = now;
    say(plan_.name_of(TaskId(entry.task.load())) + ": one call of its code has not returned for " + in_seconds(most) +
        " (topology.task.hang.secs): this worker ends itself");
    crash::abort_hung(entry);
  });
}

Report Worker::report() {
  if (running_) tell_stuck();
  Report r;
  std::map<std::uint32_t, std::uint64_t> busy;
  const TimePoint now = clock_.now();
  if (page() != nullptr) {
    page()->each_call([&](const crash::Entry& entry) {
      const Duration lasts = now.time_since_epoch() - Duration(entry.since_ns.load());
      busy[entry.task.load()] =
          static_cast<std::uint64_t>(std::max<std::int64_t>(lasts / std::chrono::milliseconds(1), 0));
    });
  }
  for (std::uint32_t i = 0; i < plan_.tasks.size(); ++i) {
    const execute::ComponentTask* task = nullptr;
    if (bolts_[i]) task = bolts_[i].get();
    if (spouts_[i]) task = spouts_[i].get();
    if (task == nullptr) continue;
    const execute::Counters& c = task->counters();
    TaskReport t;
    t.task = TaskId(i);
    t.emitted = c.emitted.read();
    t.transferred = c.transferred.read();
    t.executed = c.executed.read();
    t.acked = c.acked.read();
    t.failed = c.failed.read();
    t.thrown = c.thrown.read();
    t.forgotten = c.forgotten.read();
    t.misuse = c.misuse.read();
    t.dropped = c.dropped.read();
    t.late = c.late.read();
    t.roots = c.roots.read();
    t.replayed = c.replayed.read();
    t.timed_out = c.timed_out.read();
    t.dead_letters = c.dead_letters.read();
    t.poisoned = c.poisoned.read();
    if (const auto it = busy.find(i); it != busy.end()) t.busy_ms = it->second;
    if (spouts_[i]) {
      t.pending = spouts_[i]->pending();
      t.stale_acks = ackers_[plan_.tasks[i].ledger.value]->stale();
    }
    t.finished = task->finished();
    t.user = task->user_metrics().read();
    t.latency = task->latency();
    r.tasks.push_back(std::move(t));
  }
  if (peers_) r.links = peers_->report();
  const std::lock_guard lock(lock_);
  r.finishing = finishing_;
  r.finished = unfinished_ == 0 && (!peers_ || peers_->settled());
  r.results_lost = results_lost_;
  r.errors.swap(errors_);
  return r;
}

std::vector<link::Endpoints> Worker::listens_at() const {
  return peers_ ? peers_->listen_at() : std::vector<link::Endpoints>();
}

Result<void> Worker::listen(const link::Endpoints& at) {
  ASSERT(peers_ != nullptr, "a worker that is alone listens for nobody");
  return peers_->listen(at);
}

Result<void> Worker::peer_moved(WorkerId peer, const link::Endpoints& to) {
  ASSERT(peers_ && peer != options_.self && peer.value < plan_.workers, "a worker that is no peer has moved");
  return peers_->moved(peer, to);
}

void Worker::drain() {
  for (const auto& spout : spouts_) {
    if (spout) spout->drain();
  }
}

void Worker::set_active(bool active) {
  for (const auto& spout : spouts_) {
    if (!spout) continue;
    spout->set_active(active);
    pool_.wake(*spout);
  }
}

void Worker::stop() {
  if (running_) pool_.stop();
  running_ = false;
  for (const auto& spout : spouts_) {
    if (spout) pool_.call(*spout, [&] { spout->stop(); });
  }
  for (const auto& bolt : bolts_) {
    if (!bolt) continue;
    bolt->drop_rest();
    pool_.call(*bolt, [&] { bolt->stop(); });
  }
  for (; !hooks_.empty(); hooks_.pop_back()) {  // the last one started is the first to go
    execute::WorkerHook& one = *hooks_.back();
    std::string wrong;
    hook_running_ = &one;
    pool_.call(one, [&] { wrong = one.stop(); });
    hook_running_ = nullptr;
    if (!wrong.empty()) say(wrong);
  }
}

std::vector<std::string> Worker::running() {
  std::vector<std::string> names = pool_.running();
  if (const execute::WorkerHook* const hook = hook_running_) names.push_back(hook->name());
  return names;
}

void Worker::tell(wire::AckBatch&& batch) {
  const LedgerId ledger = batch.ledger;
  if (execute::AckerTask* acker = ackers_[ledger.value].get()) {
    acker->tell(std::move(batch));
  } else {
    peers_->tell(plan_.tasks[plan_.ledgers[ledger.value].value].worker, std::move(batch));
  }
}

void Worker::finished(TaskId task) {
  if (peers_) peers_->task_ended(task);
  const std::lock_guard lock(lock_);
  ++news_;
  if (--unfinished_ == 0) changed_.notify_all();
}

void Worker::finishing(TaskId task) {
  const std::lock_guard lock(lock_);
  if (finishing_ || plan_.component_of(task).streams.empty()) return;
  finishing_ = true;
  ++news_;
  changed_.notify_all();
}

void Worker::error(TaskId task, const std::string& text) {
  if (text.starts_with("final results lost")) {
    const std::lock_guard lock(lock_);
    results_lost_ = true;
  }
  say(plan_.name_of(task) + ": " + text);
}

void Worker::say(const std::string& line) {
  log::error("", line);
  const std::lock_guard lock(lock_);
  errors_.push_back(line);
  ++news_;
  changed_.notify_all();
}

}  // namespace gale::worker
