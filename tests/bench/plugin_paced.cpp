// SPDX-License-Identifier: Apache-2.0
//
// Plugin "bench_paced": Paced -> Sink measures what a tuple takes from emit() to its ack(id), at a pace. Each 100 us
// the tuples of that time are due; Paced sleeps until then, as a spout does that waits for a time. Every tuple is
// timed, both ends on Paced's own clock, and how late the emits were is told beside it, so that a pace that was not
// kept is seen. The first tenth is left out: it warms up.
#include <gale/plugin.hpp>

#include <algorithm>
#include <chrono>
#include <cstdint>
#include <fstream>
#include <string>
#include <vector>

namespace bench_paced {

using Clock = std::chrono::steady_clock;

class Paced final : public gale::Spout {
 public:
  void describe(gale::Describe& d) override {
    d.doc("Emits at a pace and notes how long each ack takes.");
    d.key("count", count_, "How many to emit.");
    d.key("rate", rate_, "How many a second.");
    d.key("report", report_, "The file to leave the figures in.", {.required = true});
    d.emits({"text", "sequence"});
  }
  void open(gale::Context&) override {
    emitted_.reserve(static_cast<std::size_t>(count_));
    took_.reserve(static_cast<std::size_t>(count_));
    late_.reserve(static_cast<std::size_t>(count_));
  }
  gale::Next next(gale::SpoutCollector& out) override {
    const auto n = static_cast<std::int64_t>(emitted_.size());
    if (n == count_) return done_ ? gale::Next::finished() : gale::Next::idle_until_woken();
    const Clock::time_point now = Clock::now();
    if (n == 0) begun_ = now;
    const Clock::time_point due = begun_ + kPeriod * (n * kPerSecond / rate_);
    if (now < due) return gale::Next::idle_until(due);
    out.emit({.id = static_cast<gale::MessageId>(n), .replay = gale::Replay::spout}, "123456789", n);
    emitted_.push_back(now);
    late_.push_back((now - due).count());
    return gale::Next::emitted();
  }
  void ack(gale::MessageId id) override {
    took_.push_back((Clock::now() - emitted_[id]).count());
    if (took_.size() == static_cast<std::size_t>(count_)) report();
  }
  void fail(const gale::Failure& failure) override { throw gale::Error(std::string(failure.reason)); }

 private:
  static constexpr std::chrono::microseconds kPeriod{100};
  static constexpr std::int64_t kPerSecond = 10'000;  // periods

  void report() {
    std::ofstream file(report_);
    write(file, "took", took_);
    write(file, "late", late_);
    done_ = true;
  }
  static void write(std::ofstream& file, const std::string& what, std::vector<std::int64_t>& all) {
    all.erase(all.begin(), all.begin() + static_cast<std::ptrdiff_t>(all.size() / 10));
    std::sort(all.begin(), all.end());
    for (const auto& [name, part] : {std::pair{"50", 0.5}, std::pair{"99", 0.99}, std::pair{"999", 0.999}})
      file << what << "_p" << name << "_ns " << all[static_cast<std::size_t>(part * double(all.size() - 1))] << '\n';
  }

  std::int64_t count_ = 100'000, rate_ = 100'000;
  std::string report_;
  bool done_ = false;
  Clock::time_point begun_;
  std::vector<Clock::time_point> emitted_;  // by id
  std::vector<std::int64_t> took_, late_;   // ns
};

class Sink final : public gale::BasicBolt {
 public:
  void describe(gale::Describe& d) override { d.doc("Reads both fields."); }
  void execute(const gale::Tuple& tuple, gale::Collector&) override {
    const auto [text, sequence] = tuple.as<std::string_view, std::int64_t>();
    sum_ += sequence + static_cast<std::int64_t>(text.size());
  }

 private:
  std::int64_t sum_ = 0;
};

GALE_PLUGIN("bench_paced", "1.0.0", Paced, Sink);

}  // namespace bench_paced
