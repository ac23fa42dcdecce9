// SPDX-License-Identifier: Apache-2.0
#include "topology-api/host/instance.hpp"

#include <algorithm>

namespace gale::host {
namespace {

constexpr std::uint32_t kTextRoom = 1024;  // longer reasons are cut

template <class F>
Status with_text(F f) {
  char room[kTextRoom];
  gale_text text{room, sizeof room, 0};
  const std::uint32_t code = f(&text);
  if (__builtin_expect(code == GALE_OK, 1)) return {};
  return {code, {room, std::min(text.size, kTextRoom)}};  // the size is the plugin's word
}

Status unsupported(const gale_component& c, const char* call) {
  return {GALE_UNSUPPORTED, std::string(c.name.data, c.name.size) + " has no " + call};
}

}  // namespace

template <class F>
Status Instance::call(F f) {
  return f == nullptr ? Status{} : with_text([&](gale_text* text) { return f(self_, text); });
}

Created Instance::create(const gale_component& component, const gale_task& task) {
  void* self = nullptr;
  const std::string name(component.name.data, component.name.size);
  const Status status = with_text([&](gale_text* text) { return component.create(&task, &self, text); });
  if (!status) return {std::nullopt, "component '" + name + "' cannot be made: " + status.text};
  if (self == nullptr) return {std::nullopt, "component '" + name + "' cannot be made: its create() gave nothing"};
  return {Instance(component, self), {}};
}

Status Instance::open() { return call(component_->open); }
Status Instance::posted() { return call(component_->posted); }
Status Instance::close() { return call(component_->close); }

Status Instance::execute(gale_batch& batch) {
  if (component_->execute == nullptr) return unsupported(*component_, "execute");
  return with_text([&](gale_text* text) { return component_->execute(self_, &batch, text); });
}

Status Instance::finish(bool& done) {
  done = true;
  if (component_->finish == nullptr) return {};
  std::uint32_t said = 1;
  Status status = with_text([&](gale_text* text) { return component_->finish(self_, &said, text); });
  done = said != 0 || !status;
  return status;
}

Status Instance::tick(std::int64_t now_ns) {
  if (component_->tick == nullptr) return {};
  return with_text([&](gale_text* text) { return component_->tick(self_, now_ns, text); });
}

Status Instance::next(gale_run& run) {
  if (component_->next == nullptr) return unsupported(*component_, "next");
  return with_text([&](gale_text* text) { return component_->next(self_, &run, text); });
}

Status Instance::completed(std::span<const gale_completion> all) {
  if (component_->completed == nullptr || all.empty()) return {};
  return with_text([&](gale_text* text) {
    return component_->completed(self_, all.data(), static_cast<std::uint32_t>(all.size()), text);
  });
}

Status Instance::choose(std::span<const std::uint8_t> values, gale_targets& targets) {
  if (component_->choose == nullptr) return unsupported(*component_, "choose");
  return with_text([&](gale_text* text) {
    return component_->choose(self_, values.data(), values.data() + values.size(), &targets, text);
  });
}

Status Instance::observe(const gale_event& event) {
  if (component_->kind != GALE_TASK_HOOK || component_->observe == nullptr) return unsupported(*component_, "observe");
  return with_text([&](gale_text* text) { return component_->observe(self_, &event, text); });
}

Status Instance::activate(bool active) {
  if (component_->activate == nullptr) return {};
  return with_text([&](gale_text* text) { return component_->activate(self_, active ? 1 : 0, text); });
}

}  // namespace gale::host
