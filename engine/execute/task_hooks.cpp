// SPDX-License-Identifier: Apache-2.0
#include "engine/execute/task_hooks.hpp"

#include "topology-api/host/info.hpp"

#include <algorithm>
#include <utility>

namespace gale::execute {
namespace {

bool watches(const plan::Hook& hook, ComponentId component) {
  return hook.kind == host::ComponentKind::kTaskHook &&
         std::find(hook.components.begin(), hook.components.end(), component) != hook.components.end();
}

std::string info_of(const plan::Plan& plan, TaskId task, const plan::Hook& hook) {
  const plan::Component& component = plan.component_of(task);
  host::TaskInfo info;
  info.topology = plan.name;
  info.component = component.id;
  info.task = task.value;
  info.index = plan.tasks[task.value].index;
  info.tasks = component.tasks;
  info.worker = plan.tasks[task.value].worker.value + 1u;
  info.workers = plan.workers;
  info.config = hook.config;
  for (const std::size_t edge : component.inputs) {
    const plan::Edge& e = plan.edges[edge];
    const plan::Component& from = plan.component(e.from);
    info.inputs.push_back({from.id, from.streams[e.stream].name, from.streams[e.stream].fields});
  }
  for (const plan::Stream& stream : component.streams)
    info.streams.push_back({component.id, stream.name, stream.fields});
  return host::task_info(info);
}

gale_event event_of(std::uint32_t kind) {
  gale_event event{};
  event.size = sizeof event;
  event.kind = kind;
  return event;
}

gale_event input_event(std::uint32_t kind, const std::uint8_t* record) {
  const gale_in_record head = wire::head_of(record);
  gale_event event = event_of(kind);
  event.stream = head.input;
  event.values = record + head.values_at;
  event.end = record + head.size;
  event.roots = wire::anchors_of(head);
  return event;
}

gale_event root_event(std::uint32_t kind, const RootEvent& root) {
  gale_event event = event_of(kind);
  event.stream = GALE_EVENT_ROOT;
  event.id = root.message;
  event.attempt = root.attempt;
  event.took_ns = root.took.count();
  return event;
}

}  // namespace

TaskHooks::TaskHooks(const plan::Plan& plan, TaskId task, const gale_task& source, Thrown thrown)
    : thrown_(std::move(thrown)) {
  for (const plan::Hook& hook : plan.hooks) {
    if (!watches(hook, plan.tasks[task.value].component)) continue;
    wanted_.push_back(&hook);
    One& one = *all_.emplace_back(std::make_unique<One>());
    one.name = hook.name();
    one.running = plan.name_of(task) + " (" + one.name + ")";
    one.info = info_of(plan, task, hook);
    one.table = source;
    one.table.info = {one.info.data(), one.info.size()};
    one.table.out = nullptr;
    one.table.keep = [](const gale_task*, std::uint32_t, gale_kept*) noexcept -> std::uint32_t {
      return GALE_UNSUPPORTED;
    };
    one.table.wake = [](const gale_task*) noexcept {};
    one.table.watch_fd = [](const gale_task*, int) noexcept -> std::uint32_t { return GALE_UNSUPPORTED; };
    one.table.choose = [](const gale_task*, std::uint32_t, const std::uint8_t*, const std::uint8_t*,
                          gale_targets*) noexcept -> std::uint32_t { return GALE_UNSUPPORTED; };
  }
}

std::optional<std::string> TaskHooks::prepare(std::size_t number, const gale_component& component) {
  One& one = *all_[number];
  running_.store(&one.running, std::memory_order_release);
  host::Created created = host::Instance::create(component, one.table);
  std::optional<std::string> wrong;
  if (created) {
    one.instance = std::move(created.instance);
    if (const host::Status s = one.instance->open(); !s) wrong = one.name + ": prepare: " + s.text;
  } else {
    wrong = one.name + ": " + created.error;
  }
  one.prepared = !wrong;
  running_.store(nullptr, std::memory_order_release);
  return wrong;
}

void TaskHooks::cleanup() {
  for (auto it = all_.rbegin(); it != all_.rend(); ++it) {
    One& one = **it;
    if (!one.instance) continue;
    running_.store(&one.running, std::memory_order_release);
    if (const host::Status s = one.prepared ? one.instance->close() : host::Status{}; !s)
      thrown_(one.name + ": cleanup", s);
    one.instance.reset();
    running_.store(nullptr, std::memory_order_release);
  }
}

void TaskHooks::tell(const gale_event& event, const char* call) {
  for (const auto& one : all_) {
    running_.store(&one->running, std::memory_order_release);
    if (const host::Status s = one->instance->observe(event); __builtin_expect(!s, 0))
      thrown_(one->name + ": " + call, s);
  }
  running_.store(nullptr, std::memory_order_release);
}

void TaskHooks::emitted(const Emit& emit, Copier& by, std::uint32_t roots, const RootEvent* root) {
  by.tasks_of(emit, tasks_);
  gale_event event = event_of(GALE_EVENT_EMIT);
  event.stream = emit.stream;
  event.values = emit.values;
  event.end = emit.values + emit.size;
  event.tasks = tasks_.data();
  event.count = static_cast<std::uint32_t>(tasks_.size());
  event.roots = roots;
  if (root != nullptr) {
    event.tracked = 1;
    event.id = root->message;
    event.attempt = root->attempt;
  }
  tell(event, "emit");
}

void TaskHooks::executed(const std::uint8_t* record, TaskId source, std::uint8_t verdict, Duration took) {
  gale_event event = input_event(GALE_EVENT_EXECUTE, record);
  event.source_task = source.value;
  event.verdict = verdict;
  event.took_ns = took.count();
  tell(event, "execute");
}

void TaskHooks::acked(const std::uint8_t* record) { tell(input_event(GALE_EVENT_ACK, record), "ack"); }

void TaskHooks::failed(const std::uint8_t* record, std::string_view reason) {
  gale_event event = input_event(GALE_EVENT_FAIL, record);
  event.reason = {reason.data(), reason.size()};
  tell(event, "fail");
}

void TaskHooks::acked(const RootEvent& root) { tell(root_event(GALE_EVENT_ACK, root), "ack"); }

void TaskHooks::failed(const RootEvent& root, std::string_view reason, bool final) {
  gale_event event = root_event(GALE_EVENT_FAIL, root);
  event.reason = {reason.data(), reason.size()};
  event.final = final ? 1 : 0;
  tell(event, "fail");
}

}  // namespace gale::execute
