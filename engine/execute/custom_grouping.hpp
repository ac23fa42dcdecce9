// SPDX-License-Identifier: Apache-2.0
//
// CustomGrouping: a grouping that a plugin provides, for one source task and one subscription: the instance of user
// code and what it chose last. Threads: the source task's turn.
#pragma once

#include "engine/plan/plan.hpp"
#include "topology-api/host/instance.hpp"

#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <vector>

namespace gale::execute {

class CustomGrouping {
 public:
  /// `source` is the table of the task that emits: clock, log and counters are those of it.
  CustomGrouping(const plan::Plan& plan, const plan::Edge& edge, const gale_task& source);

  /// Makes and opens the instance. A text when it cannot start.
  [[nodiscard]] std::optional<std::string> start(const gale_component& component);
  /// A text when close() threw.
  [[nodiscard]] std::string stop();

  /// The indices of the tasks that get this tuple: those of chosen(). Else false, and why() says why.
  [[nodiscard]] bool choose(std::span<const std::uint8_t> values);
  [[nodiscard]] std::span<const std::uint32_t> chosen() const noexcept { return {room_.data(), targets_.count}; }
  [[nodiscard]] const std::string& why() const noexcept { return why_; }

 private:
  const std::string name_;  // "grouping plugin.Type"
  std::string info_;
  gale_task table_{};
  std::vector<std::uint32_t> room_;
  gale_targets targets_{};
  std::string why_;
  std::optional<host::Instance> instance_;
};

}  // namespace gale::execute
