// SPDX-License-Identifier: Apache-2.0
#include "engine/execute/worker_hook.hpp"

#include "engine/base/log.hpp"
#include "topology-api/host/info.hpp"

#include <utility>

namespace gale::execute {
namespace {

std::string info_of(const plan::Plan& plan, const plan::Hook& hook, WorkerId worker) {
  host::TaskInfo info;
  info.topology = plan.name;
  info.config = hook.config;
  info.worker = worker.value + 1u;
  info.workers = plan.workers;
  return host::task_info(info);
}

WorkerHook& hook_of(const gale_task* table) { return *static_cast<WorkerHook*>(table->host); }

}  // namespace

WorkerHook::WorkerHook(const plan::Plan& plan, const plan::Hook& hook, WorkerId worker, const Clock& clock)
    : name_(hook.name()), clock_(clock), info_(info_of(plan, hook, worker)) {
  table_.size = sizeof table_;
  table_.host = this;
  table_.info = {info_.data(), info_.size()};
  table_.keep = [](const gale_task*, std::uint32_t, gale_kept*) noexcept -> std::uint32_t { return GALE_UNSUPPORTED; };
  table_.wake = [](const gale_task*) noexcept {};
  table_.log = [](const gale_task* t, std::uint32_t level, gale_str text) noexcept {
    log::line(log::level_of(level), hook_of(t).name_, {text.data, text.size});
  };
  table_.now_ns = [](const gale_task* t) noexcept -> std::int64_t {
    return hook_of(t).clock_.now().time_since_epoch().count();
  };
  table_.counter = [](const gale_task* t, gale_str name) noexcept {
    return hook_of(t).metrics_.cell({name.data, name.size});
  };
  table_.watch_fd = [](const gale_task*, int) noexcept -> std::uint32_t { return GALE_UNSUPPORTED; };
  table_.choose = [](const gale_task*, std::uint32_t, const std::uint8_t*, const std::uint8_t*,
                     gale_targets*) noexcept -> std::uint32_t { return GALE_UNSUPPORTED; };
}

std::optional<std::string> WorkerHook::start(const gale_component& component) {
  host::Created created = host::Instance::create(component, table_);
  if (!created) return name_ + ": " + created.error;
  instance_ = std::move(created.instance);
  if (const host::Status s = instance_->open(); !s) return name_ + ": start: " + s.text;
  started_ = true;
  return std::nullopt;
}

std::string WorkerHook::stop() {
  if (!instance_) return {};
  const host::Status s = started_ ? instance_->close() : host::Status{};
  instance_.reset();
  return s ? std::string() : name_ + ": stop: " + s.text;
}

}  // namespace gale::execute
