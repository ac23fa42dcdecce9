// SPDX-License-Identifier: Apache-2.0
//
// Instance: one constructed component, owned. Each call crosses into the plugin once and brings back a status and, when
// it is not OK, the text that goes with it; nothing is allocated when it is.
// Threads: one at a time, as the boundary has it (abi.h).
#pragma once

#include "gale/abi.h"

#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <utility>

namespace gale::host {

struct Status {
  std::uint32_t code = GALE_OK;
  std::string text;  // why, when the code is not GALE_OK

  explicit operator bool() const noexcept { return code == GALE_OK; }
};

struct Created;

class Instance {
 public:
  /// Constructs, sets keys, resolves fields. `task` must outlive the instance. The error names the component.
  static Created create(const gale_component& component, const gale_task& task);

  Instance(Instance&& o) noexcept : component_(o.component_), self_(std::exchange(o.self_, nullptr)) {}
  Instance& operator=(Instance&& o) noexcept {
    std::swap(component_, o.component_);
    std::swap(self_, o.self_);
    return *this;
  }
  ~Instance() {
    if (self_ != nullptr) component_->destroy(self_);
  }

  Status open();
  /// GALE_UNSUPPORTED when the component is no bolt.
  Status execute(gale_batch& batch);
  /// `done` is true when there is nothing more to say, also for a component without finish and after a throw.
  Status finish(bool& done);
  Status tick(std::int64_t now_ns);
  Status posted();
  /// GALE_UNSUPPORTED when the component is no spout.
  Status next(gale_run& run);
  Status completed(std::span<const gale_completion> completions);
  /// GALE_UNSUPPORTED when the component is no grouping.
  Status choose(std::span<const std::uint8_t> values, gale_targets& targets);
  /// GALE_UNSUPPORTED when the component is no task hook.
  Status observe(const gale_event& event);
  Status activate(bool active);
  Status close();

 private:
  Instance(const gale_component& component, void* self) : component_(&component), self_(self) {}
  template <class F>
  Status call(F f);

  const gale_component* component_;
  void* self_;
};

struct Created {
  std::optional<Instance> instance;
  std::string error;

  explicit operator bool() const noexcept { return instance.has_value(); }
};

}  // namespace gale::host
