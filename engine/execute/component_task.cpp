// SPDX-License-Identifier: Apache-2.0
#include "engine/execute/component_task.hpp"

#include "engine/base/log.hpp"
#include "topology-api/host/info.hpp"

#include <algorithm>
#include <cstring>
#include <memory>

namespace gale::execute {
namespace {

constexpr std::size_t kLentBytes = 64 * 1024;
constexpr std::size_t kHeldStops = 256 * 1024;  // a call that wrote this much is told to return when it can

/// One buffer a pool thread: it is in cache, and only one call runs on a thread.
std::uint8_t* thread_buffer() {
  thread_local const std::unique_ptr<std::uint8_t[]> buffer(new std::uint8_t[kLentBytes]);
  return buffer.get();
}

ComponentTask& task_of(const gale_task* table) { return *static_cast<ComponentTask*>(table->host); }

}  // namespace

ComponentTask::ComponentTask(Environment& env, TaskId id)
    : env_(env),
      id_(id),
      component_(env.plan.component_of(id)),
      name_(env.plan.name_of(id)),
      outbox_(env.batches, *this, id, component_.settings.batch_bytes),
      copier_(outbox_),
      acks_(env.acks, env.plan.ledgers.size()) {
  for (std::size_t i = 0; i < component_.streams.size(); ++i) copier_.add_stream();
  next_touch_ = env.clock.now() + env.plan.settings.message_timeout / 3;
  fill_table();
  const auto told = [this](const std::string& where, const host::Status& status) { thrown(where, status); };
  auto hooks = std::make_unique<TaskHooks>(env.plan, id, table_, told);
  if (hooks->wanted().empty()) return;
  hooks_ = std::move(hooks);
  copier_.keep_tasks();
}

ComponentTask::~ComponentTask() = default;

void ComponentTask::fill_table() {
  host::TaskInfo info;
  info.topology = env_.plan.name;
  info.component = component_.id;
  info.task = id_.value;
  info.index = env_.plan.tasks[id_.value].index;
  info.tasks = component_.tasks;
  info.worker = env_.plan.tasks[id_.value].worker.value + 1u;
  info.workers = env_.plan.workers;
  info.config = component_.config;
  for (const std::size_t edge : component_.inputs) {
    const plan::Edge& e = env_.plan.edges[edge];
    const plan::Component& from = env_.plan.component(e.from);
    info.inputs.push_back({from.id, from.streams[e.stream].name, from.streams[e.stream].fields});
  }
  for (const plan::Edge& e : env_.plan.edges) {
    if (env_.plan.tasks[id_.value].component != e.from || e.grouping != plan::Grouping::kDirect) continue;
    const plan::Component& to = env_.plan.component(e.to);
    info.outputs.push_back({component_.streams[e.stream].name, to.id, to.first_task.value, to.tasks});
  }
  info_ = host::task_info(info);

  out_.size = sizeof out_;
  out_.host = this;
  out_.more = more_thunk;
  out_.drop = drop_thunk;
  table_.size = sizeof table_;
  table_.index = info.index;
  table_.host = this;
  table_.out = &out_;
  table_.info = {info_.data(), info_.size()};
  table_.keep = [](const gale_task* t, std::uint32_t input, gale_kept* kept) noexcept -> std::uint32_t {
    return task_of(t).keep(input, *kept) ? GALE_OK : GALE_UNSUPPORTED;
  };
  table_.wake = [](const gale_task* t) noexcept {
    task_of(t).woken_.store(true, std::memory_order_release);
    task_of(t).env_.pool.wake(task_of(t));
  };
  table_.log = [](const gale_task* t, std::uint32_t level, gale_str text) noexcept {
    log::line(log::level_of(level), task_of(t).name_, {text.data, text.size});
  };
  table_.now_ns = [](const gale_task* t) noexcept -> std::int64_t {
    return task_of(t).env_.clock.now().time_since_epoch().count();
  };
  table_.counter = [](const gale_task* t, gale_str name) noexcept {
    return task_of(t).metrics_.cell({name.data, name.size});
  };
  table_.choose = [](const gale_task* t, std::uint32_t stream, const std::uint8_t* values, const std::uint8_t* end,
                     gale_targets* chosen) noexcept -> std::uint32_t {
    return task_of(t).choose(stream, {values, end}, *chosen);
  };
  table_.watch_fd = [](const gale_task* t, int fd) noexcept -> std::uint32_t {
    return task_of(t).watch(fd) ? GALE_OK : GALE_UNSUPPORTED;
  };
}

/// Once a time, or a file descriptor that user code leaves unread would keep the poller awake.
bool ComponentTask::watch(int fd) {
  if (component_.kind != host::ComponentKind::kSpout) return false;  // a bolt has no call that would read it
  const auto ready = [this, fd](std::uint64_t number) {
    {
      const std::lock_guard lock(fired_lock_);
      fired_.emplace_back(fd, number);
    }
    woken_.store(true, std::memory_order_release);
    env_.pool.wake(*this);
  };
  return env_.poller.watch_once(fd, ready) != 0;
}

std::uint32_t ComponentTask::choose(std::uint32_t stream, std::span<const std::uint8_t> values, gale_targets& chosen) {
  if (stream >= component_.streams.size()) return GALE_UNSUPPORTED;
  std::vector<std::uint32_t> tasks;
  const Emit emit{static_cast<std::uint16_t>(stream), values.data(), static_cast<std::uint32_t>(values.size()), {}};
  if (!copier_.routed(emit, tasks)) return GALE_UNSUPPORTED;
  chosen.count = static_cast<std::uint32_t>(tasks.size());
  if (tasks.size() > chosen.capacity) return GALE_TOO_MUCH;
  std::copy(tasks.begin(), tasks.end(), chosen.at);
  return GALE_OK;
}

void ComponentTask::arm_watch() {
  std::vector<std::pair<int, std::uint64_t>> fired;
  {
    const std::lock_guard lock(fired_lock_);
    fired.swap(fired_);
  }
  for (const auto& [fd, number] : fired) env_.poller.arm(fd, number);
}

void ComponentTask::connect(const plan::Edge& edge, const std::vector<Destination*>& tasks) {
  const plan::Component& to = env_.plan.component(edge.to);
  route::Readers readers;
  readers.tasks = to.tasks;
  readers.key_groups = env_.plan.settings.key_groups;
  readers.salt = env_.plan.tasks[id_.value].index;
  readers.look_at_load = !component_.settings.disable_load_aware;
  std::vector<std::uint32_t> lanes;
  for (std::uint32_t i = 0; i < tasks.size(); ++i) {
    const TaskId task(to.first_task.value + i);
    if (env_.plan.tasks[task.value].worker == env_.plan.tasks[id_.value].worker) readers.local.push_back(i);
    lanes.push_back(outbox_.add_lane(task, *tasks[i], edge.feedback));
  }
  CustomGrouping* custom = nullptr;
  if (edge.grouping == plan::Grouping::kCustom) {
    custom_edges_.push_back(&edge);
    custom = customs_.emplace_back(std::make_unique<CustomGrouping>(env_.plan, edge, table_)).get();
  }
  copier_.add_way(route::Grouping(edge, readers), std::move(lanes), to.first_task, custom);
}

void ComponentTask::connect_end(ComponentId to, const std::vector<Destination*>& tasks) {
  const TaskId first = env_.plan.component(to).first_task;
  for (std::uint32_t i = 0; i < tasks.size(); ++i) outbox_.add_lane(TaskId(first.value + i), *tasks[i], false);
}

std::optional<std::string> ComponentTask::start_custom(std::size_t number, const gale_component& component) {
  const auto wrong = customs_[number]->start(component);
  return wrong ? std::optional(name_ + ": " + *wrong) : std::nullopt;
}

std::optional<std::string> ComponentTask::start_hook(std::size_t number, const gale_component& hook) {
  const auto wrong = hooks_->prepare(number, hook);
  return wrong ? std::optional(name_ + ": " + *wrong) : std::nullopt;
}

std::optional<std::string> ComponentTask::start(const gale_component& component) {
  now_ = env_.clock.now();
  host::Created created = told(crash::Call::kOpen, [&] { return host::Instance::create(component, table_); });
  if (!created) return name_ + ": " + created.error;
  instance_ = std::move(created.instance);
  if (const host::Status s = told(crash::Call::kOpen, [&] { return instance_->open(); }); !s)
    return name_ + ": open: " + s.text;
  if (!begins_active()) return std::nullopt;
  const host::Status active = told(crash::Call::kActivate, [&] { return instance_->activate(true); });
  if (!active) return name_ + ": activate: " + active.text;
  return std::nullopt;
}

void ComponentTask::stop() {
  for (const auto& custom : customs_) {
    if (const std::string wrong = custom->stop(); !wrong.empty()) report(wrong);
  }
  if (instance_) {
    now_ = env_.clock.now();
    const host::Status closed = told(crash::Call::kClose, [&] {
      host::Status status = instance_->close();
      instance_.reset();
      return status;
    });
    if (!closed) report("close: " + closed.text);
  }
  if (hooks_) hooks_->cleanup();
}

void ComponentTask::lend() {
  lent_ = thread_buffer();
  lent_end_ = lent_ + kLentBytes;
  out_.at = out_.begun = lent_;
  out_.end = lent_end_;
  out_.running = &crash::mine->running;
  __atomic_store_n(&out_.stop, 0u, __ATOMIC_RELAXED);
}

void ComponentTask::take_back() {
  if (!held_.empty()) {
    offer_final(held_.data(), held_.data() + held_.size());
    held_.clear();
    if (held_.capacity() > kHeldStops) held_ = {};
  }
  offer_final(lent_, out_.at);
  out_.at = out_.begun = out_.end = nullptr;
  large_ = {};
}

void ComponentTask::offer_final(const std::uint8_t* begin, const std::uint8_t* end) {
  copier_.look_around();
  const std::uint8_t* stopped = surplus_.empty() ? pass(begin, end) : begin;
  if (stopped != end) surplus_.insert(surplus_.end(), stopped, end);
}

void ComponentTask::retry_surplus() {
  std::vector<std::uint8_t> waiting;
  waiting.swap(surplus_);
  offer_final(waiting.data(), waiting.data() + waiting.size());
}

std::uint32_t ComponentTask::more_thunk(gale_out* out, std::uint64_t need) noexcept {
  return static_cast<ComponentTask*>(out->host)->more(need);
}

void ComponentTask::drop_thunk(gale_out* out) noexcept {
  ComponentTask& task = *static_cast<ComponentTask*>(out->host);
  if (out->begun == task.lent_) task.held_.clear();  // else what is held is an earlier call's, and final
  out->at = out->begun;
}

std::uint32_t ComponentTask::more(std::uint64_t need) {
  const std::uint64_t held = out_.begun == lent_ ? held_.size() : 0;  // of the running call
  const std::uint64_t running = held + static_cast<std::uint64_t>(out_.at - out_.begun);
  if (running + need > component_.settings.execute_max_emit_bytes) return GALE_TOO_MUCH;  // nothing was touched
  if (out_.begun != lent_) {  // what was held, and all before the running call, has become final
    offer_final(held_.data(), held_.data() + held_.size());
    held_.clear();
    offer_final(lent_, out_.begun);
  }
  held_.insert(held_.end(), out_.begun, out_.at);
  if (need > static_cast<std::uint64_t>(lent_end_ - lent_)) {
    large_.resize(need);
    lent_ = large_.data();
    lent_end_ = lent_ + need;
  }
  out_.at = out_.begun = lent_;
  out_.end = lent_end_;
  tell_held();
  const bool stop = outbox_.refused() || held_.size() > kHeldStops || has_surplus();
  if (stop) __atomic_store_n(&out_.stop, 1u, __ATOMIC_RELAXED);
  return GALE_OK;
}

void ComponentTask::settle_kept(std::uint64_t handle, bool acked, std::string_view why) {
  Kept* kept = kept_.find(handle);
  if (kept == nullptr) {
    counters_.misuse.add(1);
    return;
  }
  const std::uint8_t* record = kept->record.data();
  if (kept->failed) {
    // Told and counted when it failed; only its bytes are left to be let go.
  } else if (acked) {
    const std::uint32_t n = wire::anchors_of(wire::head_of(record));
    for (std::uint32_t i = 0; i < n; ++i) {
      const wire::Anchor a = wire::anchor_at(record, i);
      const std::uint64_t consumed = GALE_FAILPOINT("ack-before-process") ? 0 : a.edge;  // told when it was kept
      acks_.ack(a.ledger, a.root, consumed ^ kept->children);
    }
    counters_.acked.add(1);
  } else {
    fail_roots(record, reason(why));
    counters_.failed.add(1);
  }
  kept_.erase(handle);
}

void ComponentTask::fail_roots(const std::uint8_t* record, std::string_view why) {
  const std::uint32_t n = wire::anchors_of(wire::head_of(record));
  for (std::uint32_t i = 0; i < n; ++i) {
    const wire::Anchor a = wire::anchor_at(record, i);
    acks_.fail(a.ledger, a.root, why);
  }
}

void ComponentTask::touch(const std::uint8_t* at, const std::uint8_t* end) {
  while (at != end) {
    const gale_in_record head = wire::head_of(at);
    for (std::uint32_t i = 0; i < wire::anchors_of(head); ++i) {
      const wire::Anchor a = wire::anchor_at(at, i);
      acks_.touch(a.ledger, a.root);
    }
    at += head.size;
  }
}

bool ComponentTask::emit_plain(const Emit& emit) {
  std::uint64_t nobody_waits = 0;
  ++emitted_;
  if (copier_.copy_one(emit, nullptr, nobody_waits)) return true;
  counters_.dropped.add(1);
  report("dropped a tuple: " + why_not(emit));
  return false;
}

void ComponentTask::report(const std::string& text) {
  if (reported_.size() >= 100 && reported_.find(text) == reported_.end()) return;  // distinct floods are one flood
  if (++reported_[text] == 1) env_.watcher.error(id_, text);
}

void ComponentTask::thrown(std::string_view where, const host::Status& status) {
  counters_.thrown.add(1);
  report(std::string(where) + ": " + status.text);
}

void ComponentTask::declare_finished() {
  outbox_.end_all(now_);
  finished_.store(true, std::memory_order_release);
}

}  // namespace gale::execute
