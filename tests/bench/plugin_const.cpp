// SPDX-License-Identifier: Apache-2.0
//
// Plugin "bench": Const -> Identity -> Null, the topologies that measure what the engine costs. A tuple is (a string of
// 9 bytes, an int64 sequence number), packed at each emit; Identity and Null read both fields. Honest by construction:
// Const notes that ack(id) ran exactly once for each root; Null adds up the sequence numbers and fails the run unless
// they are those of n roots. Each leaves what it saw in a file, with times of the machine's monotonic clock, which are
// comparable between processes. No clock is read per tuple.
#include <gale/plugin.hpp>

#include <chrono>
#include <cstdint>
#include <fstream>
#include <string>
#include <string_view>

namespace bench {

std::int64_t now_ns() { return std::chrono::steady_clock::now().time_since_epoch().count(); }

constexpr std::int64_t sum_below(std::int64_t n) { return n % 2 == 0 ? n / 2 * (n - 1) : (n - 1) / 2 * n; }

class Const final : public gale::Spout {
 public:
  void describe(gale::Describe& d) override {
    d.doc("Emits ('123456789', 0), ('123456789', 1), ... as fast as it may.");
    d.key("count", count_, "How many to emit.");
    d.key("acked", acked_, "Whether each is tracked, and its ack waited for.");
    d.key("engine_replay", engine_replay_, "Whether the engine keeps each tuple until it is done, to send it again.");
    d.key("report", report_, "The file to leave times and counts in.", {.required = true});
    d.emits({"text", "sequence"});
  }
  gale::Next next(gale::SpoutCollector& out) override {
    if (next_ == count_) return gale::Next::finished();
    if (next_ == 0) first_emit_ns_ = now_ns();
    if (acked_) {
      const auto replay = engine_replay_ ? gale::Replay::engine : gale::Replay::spout;
      out.emit({.id = static_cast<gale::MessageId>(next_), .replay = replay}, kText, next_);
    } else {
      out.emit(kText, next_);
    }
    if (++next_ == count_ && !acked_) report();
    return gale::Next::emitted();
  }
  void ack(gale::MessageId id) override {
    ++acks_;
    sum_ += static_cast<std::int64_t>(id);
    if (acks_ == count_) report();
  }
  void fail(const gale::Failure& failure) override {
    throw gale::Error("root " + std::to_string(failure.id) + " failed: " + std::string(failure.reason));
  }

 private:
  static constexpr std::string_view kText = "123456789";

  void report() const {  // with the time of the last ack; without acks Null has the end
    std::ofstream(report_) << "first_emit_ns " << first_emit_ns_ << "\nlast_ack_ns " << now_ns() << "\nacks " << acks_
                           << "\nacks_sum_right " << (sum_ == sum_below(count_)) << '\n';
  }

  std::int64_t count_ = 1'000'000;
  bool acked_ = false, engine_replay_ = false;
  std::string report_;
  std::int64_t next_ = 0, acks_ = 0, sum_ = 0, first_emit_ns_ = 0;
};

class Identity final : public gale::BasicBolt {
 public:
  void describe(gale::Describe& d) override {
    d.doc("Reads both fields and emits them again.");
    d.emits({"text", "sequence"});
  }
  void execute(const gale::Tuple& tuple, gale::Collector& out) override {
    const auto [text, sequence] = tuple.as<std::string_view, std::int64_t>();
    out.emit(text, sequence);
  }
};

class Null final : public gale::BasicBolt {
 public:
  void describe(gale::Describe& d) override {
    d.doc("Reads both fields, adds them up, and fails the run when they are not those of `count` roots.");
    d.key("count", count_, "How many roots there must be.");
    d.key("copies", copies_, "How many tuples of each.");
    d.key("report", report_, "The file to leave times and counts in.", {.required = true});
  }
  void open(gale::Context&) override { wanted_ = count_ * copies_; }
  void execute(const gale::Tuple& tuple, gale::Collector&) override {
    const auto [text, sequence] = tuple.as<std::string_view, std::int64_t>();
    sum_ += sequence;
    bytes_ += static_cast<std::int64_t>(text.size());
    if (++received_ == wanted_) last_receipt_ns_ = now_ns();
  }
  bool finish(gale::Collector&) override {
    const std::int64_t sum = copies_ * sum_below(count_);
    const bool right = received_ == wanted_ && sum_ == sum && bytes_ == 9 * wanted_;
    std::ofstream(report_) << "last_receipt_ns " << last_receipt_ns_ << "\nreceived " << received_ << "\nsum_right "
                           << right << '\n';
    if (!right) {
      throw gale::Error("received " + std::to_string(received_) + " tuples with the sum " + std::to_string(sum_) +
                        ", wanted " + std::to_string(count_) + " with " + std::to_string(sum_below(count_)));
    }
    return true;
  }

 private:
  std::int64_t count_ = 1'000'000, copies_ = 1, wanted_ = 0;
  std::string report_;
  std::int64_t received_ = 0, sum_ = 0, bytes_ = 0, last_receipt_ns_ = 0;
};

/// As little as a hook can do: what the engine's side of one costs.
class Tally final : public gale::TaskHook {
 public:
  void describe(gale::Describe& d) override { d.doc("Counts what it is told."); }
  void prepare(gale::Context& context) override { events_ = context.counter("events"); }
  void emit(const gale::EmitInfo&) override { events_.add(); }
  void execute(const gale::ExecuteInfo&) override { events_.add(); }
  void ack(const gale::AckInfo&) override { events_.add(); }

 private:
  gale::Counter events_;
};

GALE_PLUGIN("bench", "1.0.0", Const, Identity, Null, Tally);

}  // namespace bench
