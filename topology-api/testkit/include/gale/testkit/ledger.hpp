// SPDX-License-Identifier: Apache-2.0
//
// Ledger: each input is acked or failed once. It follows every input from the moment the test gives it, through what
// the component says of it and of its kept copy, and writes down each broken promise in words. The kit's own.
#pragma once

#include "gale/abi.h"
#include "gale/testkit/input.hpp"

#include <cstddef>
#include <cstdint>
#include <map>
#include <memory>
#include <string>
#include <utility>
#include <vector>

namespace gale::testkit::detail {

using GivenPtr = std::shared_ptr<Given>;  // shared with the Inputs that tests hold

class Ledger {
 public:
  explicit Ledger(std::string component, std::size_t max_kept) : component_(std::move(component)), room_(max_kept) {}

  GivenPtr give(std::string source, Value::Array values) {
    auto given = std::make_shared<Given>();
    given->number = all_.size() + 1;
    given->source = std::move(source);
    given->values = std::move(values);
    all_.push_back(given);
    return given;
  }
  [[nodiscard]] Inputs inputs() const { return {all_.begin(), all_.end()}; }
  [[nodiscard]] Inputs inputs(State state) const {
    Inputs some;
    for (const GivenPtr& one : all_) {
      if (one->state == state) some.emplace_back(one);
    }
    return some;
  }

  /// A copy of its bytes that lives until it is settled; false: no room.
  bool keep(const GivenPtr& given, const std::uint8_t* values, const std::uint8_t* end, gale_kept& into) {
    if (kept_.size() >= room_) return false;
    const std::uint64_t handle = GALE_FIRST_KEPT + ++last_handle_;
    Kept& kept = kept_[handle];
    kept.given = given;
    given->copied = true;
    kept.bytes.assign(values, end);
    into = {handle, kept.bytes.data(), kept.bytes.size()};
    return true;
  }
  /// What execute said of an input of its batch, when it had returned.
  void verdict(Given& given, std::uint8_t verdict, const std::string& reason) {
    if (verdict == GALE_VERDICT_ACKED) {
      given.state = State::acked;
    } else if (verdict == GALE_VERDICT_FAILED) {
      fail(given, reason);
    } else if (verdict == GALE_VERDICT_KEPT && given.copied) {
      given.state = State::kept;
      return;
    } else if (verdict == GALE_VERDICT_NONE) {
      fail(given, "forgotten by " + component_);
      violate(name_of(given) + " was neither acked, failed nor kept when execute returned");
    } else {
      fail(given, "lost by " + component_);
      violate(name_of(given) + " has verdict " + std::to_string(verdict) + " but was not kept");
    }
    if (!given.copied) return;
    if (verdict != GALE_VERDICT_FAILED) violate(name_of(given) + " was kept, and acked or forgotten as well");
    for (auto& [handle, kept] : kept_) kept.is_void |= kept.given.get() == &given;
  }
  void settle(std::uint64_t handle, bool ack, const std::string& reason) {
    static const std::string kDestroyed = "forgotten: a kept tuple was destroyed without ack or fail";
    const auto it = kept_.find(handle);
    if (it == kept_.end()) return violate("a kept tuple was settled that is not, or no longer, kept");
    Given& given = *it->second.given;
    if (!it->second.is_void) {
      if (ack)
        given.state = State::acked;
      else
        fail(given, reason);
      if (!ack && reason == kDestroyed) violate(name_of(given) + " was kept, and destroyed without ack or fail");
    }
    kept_.erase(it);
  }
  void touch(std::uint64_t handle) {
    const auto it = kept_.find(handle);
    if (it == kept_.end()) return violate("a kept tuple was touched that is not, or no longer, kept");
    ++it->second.given->touches;
  }
  /// The input behind a kept handle; null when there is none.
  [[nodiscard]] GivenPtr find(std::uint64_t handle) const {
    const auto it = kept_.find(handle);
    return it == kept_.end() ? nullptr : it->second.given;
  }
  [[nodiscard]] std::size_t kept() const {
    std::size_t n = 0;
    for (const auto& [handle, kept] : kept_) n += kept.is_void ? 0 : 1;
    return n;
  }
  /// What is still kept is nobody's fault.
  void abandon_kept() {
    for (auto& [handle, kept] : kept_) kept.is_void = true;
  }
  /// The task is gone: what it kept is settled by nobody.
  void close() {
    for (const auto& [handle, kept] : kept_) {
      if (!kept.is_void) violate(name_of(*kept.given) + " was kept, and neither acked nor failed before the close");
    }
  }

  void violate(std::string text) { violations_.push_back(std::move(text)); }
  std::vector<std::string> take_violations() { return std::exchange(violations_, {}); }

 private:
  struct Kept {
    GivenPtr given;
    std::vector<std::uint8_t> bytes;
    bool is_void = false;  // its input failed in the call that kept it: settling it settles nothing
  };

  static void fail(Given& given, const std::string& reason) {
    given.state = State::failed;
    given.reason = reason;
  }
  std::string component_;
  std::size_t room_;
  std::vector<GivenPtr> all_;
  std::map<std::uint64_t, Kept> kept_;  // by handle
  std::uint64_t last_handle_ = 0;
  std::vector<std::string> violations_;
};

}  // namespace gale::testkit::detail
