// SPDX-License-Identifier: Apache-2.0
//
// probe: a spout of numbers, a bolt that misbehaves on demand, and a sink, for tests of the engine and the boundary.
// Every fault is chosen by a key, so one plugin serves all tests. Threads: none.
#include "other_abi.hpp"

#include "gale/plugin.hpp"

#include <chrono>
#include <cstdint>
#include <cstdlib>
#include <deque>
#include <fstream>
#include <string>
#include <thread>
#include <vector>

namespace {

void throw_if(const std::string& wanted, const char* here) {
  if (wanted == here) throw gale::Error(std::string("asked to throw in ") + here);
}

/// Emits first, first + 1, ... as (n, text); counts what comes back.
class Numbers final : public gale::Spout {
 public:
  void describe(gale::Describe& d) override {
    d.doc("Emits numbers in order, then finishes.");
    d.key("first", first_, "The first number.");
    d.key("count", count_, "How many numbers.");
    d.key("rate", rate_, "Numbers a second; 0: as fast as it goes.");
    d.key("tracked", tracked_, "Whether each is acked or failed, with the number as its id.");
    d.key("replay", replay_, "Who replays a failed number: engine or spout.");
    d.key("padding", padding_, "Bytes of text in each tuple.");
    d.key("end", end_, "After the last number: finish, or idle until woken.");
    d.key("throw_in", throw_in_, "open, next, ack, fail, close: which call throws.");
    d.key("throw_at", throw_at_, "The number at which next throws, once.");
    d.emits({"n", "text"});
  }
  void open(gale::Context& context) override {
    throw_if(throw_in_, "open");
    context_ = &context;
    begun_ = context.now();
    text_.assign(static_cast<std::size_t>(padding_), 'x');
    acked_ = context.counter("acked");
    failed_ = context.counter("failed");
  }
  gale::Next next(gale::SpoutCollector& out) override {
    if (!again_.empty()) {
      emit(again_.front(), out);
      again_.pop_front();
      return gale::Next::emitted();
    }
    if (sent_ == count_ && tracked_ && replay_ == "spout" && done_ < count_) return gale::Next::idle_until_woken();
    if (sent_ == count_) return end_ == "idle" ? gale::Next::idle_until_woken() : gale::Next::finished();
    if (rate_ > 0) {
      const auto due = begun_ + std::chrono::nanoseconds(static_cast<std::int64_t>(1e9 / rate_ * double(sent_)));
      if (context_->now() < due) return gale::Next::idle_until(due);
    }
    const std::int64_t n = first_ + sent_;
    emit(n, out);
    if (throw_in_ == "next" && n == throw_at_ && !thrown_) {
      thrown_ = true;
      throw gale::Error("asked to throw in next");
    }
    ++sent_;
    return gale::Next::emitted();
  }
  void ack(gale::MessageId) override {
    acked_.add();
    done();
    throw_if(throw_in_, "ack");
  }
  void fail(const gale::Failure& f) override {
    failed_.add();
    if (replay_ == "spout" && !f.final) {
      again_.push_back(static_cast<std::int64_t>(f.id));
      context_->waker().wake();
    } else {
      done();
    }
    throw_if(throw_in_, "fail");
  }
  void close() override { throw_if(throw_in_, "close"); }

 private:
  void emit(std::int64_t n, gale::SpoutCollector& out) {
    if (tracked_)
      out.emit({.id = static_cast<gale::MessageId>(n),
                .replay = replay_ == "spout" ? gale::Replay::spout : gale::Replay::engine},
               n, text_);
    else
      out.emit(n, text_);
  }
  void done() {
    if (++done_ == count_) context_->waker().wake();
  }

  std::int64_t first_ = 0, count_ = 10, padding_ = 0, throw_at_ = 0;
  double rate_ = 0;
  bool tracked_ = true, thrown_ = false;
  std::string replay_ = "engine", end_ = "finish", throw_in_, text_;
  std::int64_t sent_ = 0, done_ = 0;
  std::deque<std::int64_t> again_;
  gale::Context* context_ = nullptr;
  gale::TimePoint begun_;
  gale::Counter acked_, failed_;
};

/// Passes (n, text) on and acks, except for the number `at` (every number when `at` is -1), which meets `how`.
class Misbehave final : public gale::Bolt {
 public:
  void describe(gale::Describe& d) override {
    d.doc("Passes numbers on; does something wrong with some of them.");
    d.key("how", how_,
          "throw, throw_int, emit_throw, keep_throw, fail, forget, keep, keep_drop, keep_ack, arity, stream, type, "
          "ack_twice, emit_after_ack, sleep, flood, flood_throw (floods at even, throws at odd numbers), exit, crash, "
          "segv, abort, spin or eat.");
    d.key("at", at_, "The number that is met by it; -1: each.");
    d.key("times", times_, "How often; -1: always.");
    d.key("millis", millis_, "How long sleep takes.");
    d.key("bytes", bytes_, "How much emit_throw and flood write, and eat takes of memory, for good.");
    d.key("throw_in", throw_in_, "open, tick, finish, activate, close: which call throws.");
    d.reads(n_, "n");
    d.emits({"n", "text"});
    d.stream("other", other_, {"n"});
    d.tick_every(std::chrono::milliseconds(10));
  }
  void open(gale::Context& context) override {
    context_ = &context;
    throw_if(throw_in_, "open");
  }
  void activate() override { throw_if(throw_in_, "activate"); }
  void execute(const gale::Tuple& tuple, gale::Collector& out) override {
    const std::int64_t n = tuple.get(n_);
    if (how_.empty() || (n != at_ && at_ != -1) || times_ == 0) return pass(tuple, n, out);
    if (times_ > 0) --times_;
    misbehave(tuple, n, out);
  }
  void tick(gale::TimePoint, gale::Collector& out) override {
    throw_if(throw_in_, "tick");
    if (how_ == "keep_ack") settle(out);
  }
  bool finish(gale::Collector& out) override {
    throw_if(throw_in_, "finish");
    if (how_ == "keep_ack") settle(out);
    return true;
  }
  void close() override { throw_if(throw_in_, "close"); }

 private:
  static void pass(const gale::Tuple& tuple, std::int64_t n, gale::Collector& out) {
    out.emit(n, tuple.get<std::string_view>("text"));
    out.ack(tuple);
  }
  void write(std::int64_t n, gale::Collector& out) const {
    const std::string kilobyte(1000, 'y');
    for (std::int64_t written = 0; written < bytes_; written += 1000) out.emit(n, kilobyte);
  }
  [[gnu::noinline]] static void store_at(volatile int* where) { *where = 1; }
  void settle(gale::Collector& out) {
    for (gale::KeptTuple& kept : kept_) {
      out.from(kept).emit(kept.get<std::int64_t>(0), kept.get<std::string_view>(1));
      out.ack(std::move(kept));
    }
    kept_.clear();
  }
  void misbehave(const gale::Tuple& tuple, std::int64_t n, gale::Collector& out) {
    if (how_ == "throw") throw gale::Error("asked to throw at " + std::to_string(n));
    if (how_ == "throw_int") throw 42;
    if (how_ == "emit_throw") {
      write(n, out);
      throw gale::Error("asked to throw after emitting");
    }
    if (how_ == "keep_throw") {
      kept_.push_back(tuple.keep());
      throw gale::Error("asked to throw after keeping");
    }
    if (how_ == "flood_throw" && n % 2 == 1) throw gale::Error("asked to throw at odd numbers");
    if (how_ == "fail") return out.fail(tuple, "asked to fail " + std::to_string(n));
    if (how_ == "forget") return;
    if (how_ == "keep" || how_ == "keep_ack") return kept_.push_back(tuple.keep());
    if (how_ == "keep_drop") return void(tuple.keep());
    if (how_ == "arity") return out.emit(n);
    if (how_ == "stream") return out.on(undeclared_).emit(n);
    if (how_ == "type") return void(tuple.get<std::string_view>(n_.position(0)));
    if (how_ == "crash") __builtin_trap();
    if (how_ == "segv") store_at(reinterpret_cast<volatile int*>(n));  // the first page is never there
    if (how_ == "abort") std::abort();
    if (how_ == "eat") eaten_.emplace_back(static_cast<std::size_t>(bytes_), 'e');
    while (how_ == "spin") asm volatile("");
    if (how_ == "exit") std::exit(0);
    if (how_ == "sleep") std::this_thread::sleep_for(std::chrono::milliseconds(millis_));
    if (how_ == "flood" || how_ == "flood_throw") write(n, out);
    if (how_ == "ack_twice") out.ack(tuple);
    pass(tuple, n, out);
    if (how_ == "emit_after_ack") out.emit(n, "too late");
  }

  std::string how_, throw_in_;
  std::int64_t at_ = -1, times_ = -1, millis_ = 100, bytes_ = 3000;
  gale::Field<std::int64_t> n_;
  gale::Stream other_, undeclared_;
  std::vector<gale::KeptTuple> kept_;
  std::vector<std::string> eaten_;
  gale::Context* context_ = nullptr;
};

/// Sends a number round `rounds` times on stream `again`, each time in so many copies, then passes it on. How often it
/// went round stands in its text.
class Round final : public gale::Bolt {
 public:
  void describe(gale::Describe& d) override {
    d.doc("Sends numbers round a cycle, then on.");
    d.key("rounds", rounds_, "How often each goes round; -1: for ever.");
    d.key("copies", copies_, "How many go round for each that comes.");
    d.key("tracked", tracked_, "Whether what goes round is anchored.");
    d.emits({"n", "text"});
    d.stream("again", again_, {"n", "text"});
  }
  void execute(const gale::Tuple& tuple, gale::Collector& out) override {
    const auto n = tuple.get<std::int64_t>(0);
    const std::int64_t done = std::atoll(std::string(tuple.get<std::string_view>(1)).c_str());
    const auto where = tracked_ ? out.on(again_) : out.unanchored().on(again_);
    if (rounds_ >= 0 && done >= rounds_) {
      out.emit(n, "done");
    } else {
      for (std::int64_t i = 0; i < copies_; ++i) where.emit(n, std::to_string(done + 1));
    }
    out.ack(tuple);
  }

 private:
  std::int64_t rounds_ = 3, copies_ = 1;
  bool tracked_ = true;
  gale::Stream again_;
};

/// Appends each number to a file, a line each, and counts and sums them.
class Sink final : public gale::BasicBolt {
 public:
  void describe(gale::Describe& d) override {
    d.doc("Writes numbers to a file; passes nothing on.");
    d.key("path", path_, "The file, appended to; empty: none.");
    d.reads(n_, "n");
  }
  void open(gale::Context& context) override {
    count_ = context.counter("count");
    sum_ = context.counter("sum");
    if (path_.empty()) return;
    file_.open(path_, std::ios::app);
    if (!file_) throw gale::Error("cannot open '" + path_ + "'");
  }
  void execute(const gale::Tuple& tuple, gale::Collector&) override {
    const std::int64_t n = tuple.get(n_);
    count_.add();
    sum_.add(static_cast<std::uint64_t>(n));
    if (file_.is_open()) file_ << n << '\n';
  }
  bool finish(gale::Collector&) override {
    file_.flush();
    return true;
  }

 private:
  std::string path_;
  std::ofstream file_;
  gale::Field<std::int64_t> n_;
  gale::Counter count_, sum_;
};

}  // namespace

#ifndef PROBE_VERSION
#define PROBE_VERSION "1.0.0"
#endif
GALE_PLUGIN("probe", PROBE_VERSION, Numbers, Misbehave, Round, Sink);
