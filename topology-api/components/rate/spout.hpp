// SPDX-License-Identifier: Apache-2.0
//
// rate.Spout: numbers at a pace, for trying out what comes behind it.
// Task i of n emits the numbers first+i, first+i+n, ... at an n-th of the pace, so that all tasks together count
// through.
#pragma once

#include <gale/component.hpp>

#include <algorithm>
#include <chrono>
#include <cstdint>

namespace gale::stock::rate {

class Spout final : public gale::Spout {
 public:
  void describe(Describe& d) override {
    d.doc("Emits numbers in order, so many a second, then ends.");
    d.key("per_second", per_second_, "Numbers a second over all tasks; 0 is as fast as they are taken.");
    d.key("count", count_, "How many over all tasks; 0 is without end.");
    d.key("first", first_, "The first number.");
    d.key("tracked", tracked_, "Whether a number that fails is sent again.");
    d.emits({"number"});
    if (!d.bound()) return;
    if (!(per_second_ >= 0) || per_second_ > 1e9) throw Error("key 'per_second' may be 0 to 1000000000");
    if (count_ < 0) throw Error("key 'count' may not be negative; 0 is without end");
  }
  void open(Context& context) override {
    context_ = &context;
    at_ = context.index();
    step_ = context.tasks();
  }
  Next next(SpoutCollector& out) override {
    if (count_ > 0 && at_ >= count_) return Next::finished();
    if (per_second_ > 0) {
      const TimePoint now = context_->now();
      if (due_ == TimePoint()) due_ = now;
      if (now < due_) return Next::idle_until(due_);
      due_ = std::max(due_, now - kCatchUp) + period();
    }
    const std::int64_t number = first_ + at_;
    if (tracked_)
      out.emit({.id = static_cast<MessageId>(at_)}, number);
    else
      out.emit(number);
    at_ += step_;
    return Next::emitted();
  }

 private:
  /// After a pause it hurries, but not for more than this.
  static constexpr std::chrono::nanoseconds kCatchUp = std::chrono::seconds(1);

  [[nodiscard]] std::chrono::nanoseconds period() {
    // What the whole nanoseconds leave over is carried on: 3 a second are 3, not 3.000000003.
    const double exact = 1e9 * static_cast<double>(step_) / per_second_ + over_;
    const auto whole = static_cast<std::int64_t>(exact);
    over_ = exact - static_cast<double>(whole);
    return std::chrono::nanoseconds(whole);
  }

  double per_second_ = 1000, over_ = 0;
  std::int64_t count_ = 0, first_ = 0, at_ = 0, step_ = 1;
  bool tracked_ = true;
  Context* context_ = nullptr;
  TimePoint due_;
};

}  // namespace gale::stock::rate
