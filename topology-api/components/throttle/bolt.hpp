// SPDX-License-Identifier: Apache-2.0
//
// throttle.Bolt: passes on so many tuples a second, in their order. Those that must wait are kept; a tuple that would
// have to wait longer than `max_wait_ms` fails at once: beyond the message timeout it would fail anyhow, and pass
// twice. So what waits is bounded in number, and by topology.task.max.kept.bytes, above which the task gets no more.
#pragma once

#include <gale/component.hpp>

#include <algorithm>
#include <chrono>
#include <cstdint>
#include <deque>
#include <string>
#include <utility>

namespace gale::stock::throttle {

class Bolt final : public gale::Bolt {
 public:
  void describe(Describe& d) override {
    d.doc("Passes on so many tuples a second; the others wait their turn.");
    d.key("per_second", per_second_, "Tuples a second over all tasks.", {.required = true});
    d.key("burst", burst_, "How many a task may pass on at once after a pause.");
    d.key("max_wait_ms", max_wait_ms_,
          "A tuple that would wait longer fails. Keep it below topology.message.timeout.secs, and let the spout wait "
          "instead: topology.max.spout.pending bounds what is under way.");
    d.emits(d.input_fields());
    d.tick_every(kTick);
    if (!d.bound()) return;
    if (!(per_second_ > 0 && per_second_ <= 1e9)) throw Error("key 'per_second' may be above 0, to 1000000000");
    if (burst_ < 1) throw Error("key 'burst' may not be below 1");
    if (max_wait_ms_ < 1) throw Error("key 'max_wait_ms' may not be below 1");
  }
  void open(Context& context) override {
    context_ = &context;
    rate_ = per_second_ / context.tasks();
    room_ = static_cast<double>(burst_);
    since_ = context.now();
    delayed_ = context.counter("delayed");
    refused_ = context.counter("refused");
    most_ = static_cast<std::size_t>(std::max(1.0, rate_ * static_cast<double>(max_wait_ms_) / 1e3));
  }
  void execute(const Tuple& tuple, Collector& out) override {
    if (waiting_.empty() && take_room()) {
      out.forward(tuple);
      return out.ack(tuple);
    }
    if (waiting_.size() >= most_) {
      refused_.add();
      return out.fail(tuple, "throttled: it would wait longer than " + std::to_string(max_wait_ms_) + " ms");
    }
    delayed_.add();
    waiting_.push_back(tuple.keep());
  }
  void tick(TimePoint, Collector& out) override { pass_on(out); }
  bool finish(Collector& out) override {
    pass_on(out);
    return waiting_.empty();
  }
  void close() override { waiting_.clear(); }

 private:
  static constexpr std::chrono::milliseconds kTick{10};

  void pass_on(Collector& out) {
    while (!waiting_.empty() && out.room() && take_room()) {
      KeptTuple& first = waiting_.front();
      out.from(first).forward(first);
      out.ack(std::move(first));
      waiting_.pop_front();
    }
  }
  /// A bucket that fills at the rate. It holds what falls due between two ticks, at the least, or they would lose it.
  bool take_room() {
    const TimePoint now = context_->now();
    const double passed = std::chrono::duration<double>(now - since_).count();
    const double most = std::max(static_cast<double>(burst_), 2 * rate_ * std::chrono::duration<double>(kTick).count());
    room_ = std::min(room_ + passed * rate_, most);
    since_ = now;
    if (room_ < 1 - 1e-6) return false;  // what fell due in ten ticks is a little less than what is due after them
    room_ -= 1;
    return true;
  }

  double per_second_ = 1000, rate_ = 0, room_ = 0;
  std::int64_t burst_ = 1, max_wait_ms_ = 10'000;
  Context* context_ = nullptr;
  TimePoint since_{};
  std::size_t most_ = 0;
  std::deque<KeptTuple> waiting_;
  Counter delayed_, refused_;
};

}  // namespace gale::stock::throttle
