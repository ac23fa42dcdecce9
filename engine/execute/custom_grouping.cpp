// SPDX-License-Identifier: Apache-2.0
#include "engine/execute/custom_grouping.hpp"

#include "topology-api/host/info.hpp"

#include <algorithm>

namespace gale::execute {

CustomGrouping::CustomGrouping(const plan::Plan& plan, const plan::Edge& edge, const gale_task& source)
    : name_("grouping " + edge.custom.plugin + "." + edge.custom.type), table_(source) {
  const plan::Component& from = plan.component(edge.from);
  const plan::Component& to = plan.component(edge.to);
  const plan::Stream& stream = from.streams[edge.stream];
  host::TaskInfo info;
  info.topology = plan.name;
  info.component = to.id;
  info.task = from.first_task.value + source.index;
  info.index = source.index;
  info.tasks = to.tasks;
  info.config = edge.custom.config;
  info.inputs.push_back({from.id, stream.name, stream.fields});
  info_ = host::task_info(info);
  table_.info = {info_.data(), info_.size()};
  table_.keep = [](const gale_task*, std::uint32_t, gale_kept*) noexcept -> std::uint32_t { return GALE_UNSUPPORTED; };
  table_.wake = [](const gale_task*) noexcept {};
  table_.watch_fd = [](const gale_task*, int) noexcept -> std::uint32_t { return GALE_UNSUPPORTED; };
  room_.resize(to.tasks);
  targets_.size = sizeof targets_;
  targets_.capacity = to.tasks;
  targets_.at = room_.data();
}

std::optional<std::string> CustomGrouping::start(const gale_component& component) {
  host::Created created = host::Instance::create(component, table_);
  if (!created) return name_ + ": " + created.error;
  instance_ = std::move(created.instance);
  if (const host::Status s = instance_->open(); !s) return name_ + ": open: " + s.text;
  return std::nullopt;
}

std::string CustomGrouping::stop() {
  if (!instance_) return {};
  const host::Status s = instance_->close();
  instance_.reset();
  return s ? std::string() : name_ + ": close: " + s.text;
}

bool CustomGrouping::choose(std::span<const std::uint8_t> values) {
  targets_.count = 0;
  const host::Status s = instance_->choose(values, targets_);
  const bool within = targets_.count <= targets_.capacity &&
                      std::all_of(room_.begin(), room_.begin() + std::min(targets_.count, targets_.capacity),
                                  [&](std::uint32_t index) { return index < targets_.capacity; });
  if (s && within) return true;
  why_ = name_ + ": " + (s ? "it chose a task that is not there" : s.text);
  targets_.count = 0;
  return false;
}

}  // namespace gale::execute
