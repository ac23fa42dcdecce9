// SPDX-License-Identifier: Apache-2.0
//
// One source for all recorded SDKs (sdk/): each builds it into a plugin of its own, which today's gale runs with the
// topologies since-1.N.yaml up to its minor. What came with a minor stands behind #if. That it compiles with all of
// them, today's too, holds the SDK to its source compatibility.
#include "gale/plugin.hpp"

#include <chrono>
#include <cstdint>
#include <fstream>
#include <set>
#include <string>
#include <utility>
#include <vector>

#if defined(COMPAT_MINOR) && COMPAT_MINOR != GALE_ABI_MINOR
#error "this is not the SDK that it should be built with"
#endif

namespace {

/// Emits 0, 1, 2, ... tracked, the engine replays; ends when all were acked, else a run would say 0 failed too soon.
class Numbers final : public gale::Spout {
 public:
  void describe(gale::Describe& d) override {
    d.doc("Emits numbers in order, then finishes.");
    d.key("count", count_, "How many.");
    d.emits({"n"});
  }
  gale::Next next(gale::SpoutCollector& out) override {
    if (sent_ < count_) {
      const auto n = sent_++;
      out.emit({.id = static_cast<std::uint64_t>(n)}, n);
      return gale::Next::emitted();
    }
    return done_ < count_ ? gale::Next::idle_until_woken() : gale::Next::finished();
  }
  void ack(gale::MessageId id) override {
    if (acked_.insert(id).second) ++done_;
    if (done_ == count_) waker_.wake();
  }
  void open(gale::Context& context) override { waker_ = context.waker(); }

 private:
  std::int64_t count_ = 1000, sent_ = 0, done_ = 0;
  std::set<gale::MessageId> acked_;
  gale::Waker waker_;
};

/// All that a bolt of 1.0 can do with a tuple: it goes on from execute, from a later tick or from a job, in two
/// streams, after it has failed once or thrown once; finish() says -1.
class Work final : public gale::Bolt {
 public:
  void describe(gale::Describe& d) override {
    d.doc("Does with each number what its remainder by 7 says.");
    d.reads(n_, "n");
    d.emits({"n"});
    d.stream("odd", odd_, {"n"});
    d.tick_every(std::chrono::milliseconds(1));
  }
  void open(gale::Context& context) override {
    mailbox_ = context.mailbox();
    kept_count_ = context.counter("kept");
    context.info("a plugin of ABI 1.", GALE_ABI_MINOR, " is open");
  }
  void execute(const gale::Tuple& tuple, gale::Collector& out) override {
    const std::int64_t n = tuple.get(n_);
    switch (n % 7) {
      case 0:
        kept_count_.add();
        waiting_.push_back(tuple.keep());
        return;
      case 1:
        if (once_.insert(n).second) return out.fail(tuple, "asked to fail");
        break;
      case 2:
        if (once_.insert(n).second) {
          out.emit(n);  // leaves with none of the call
          throw gale::Error("asked to throw");
        }
        break;
      case 3:
        mailbox_.post([this, kept = tuple.keep()](gale::Collector& later) mutable { pass(std::move(kept), later); });
        return;
      case 4:
        out.on(odd_).emit(n);
        return out.ack(tuple);
      default:
        break;
    }
    out.emit(n);
    out.ack(tuple);
  }
  void tick(gale::TimePoint, gale::Collector& out) override { pass_all(out); }
  bool finish(gale::Collector& out) override {
    pass_all(out);
    out.emit(-1);
    return true;
  }

 private:
  static void pass(gale::KeptTuple kept, gale::Collector& out) {
    out.from(kept).emit(kept.get<std::int64_t>(0));
    out.ack(std::move(kept));
  }
  void pass_all(gale::Collector& out) {
    for (gale::KeptTuple& kept : waiting_) pass(std::move(kept), out);
    waiting_.clear();
  }
  gale::Field<std::int64_t> n_;
  gale::Stream odd_;
  gale::Mailbox mailbox_;
  gale::Counter kept_count_;
  std::vector<gale::KeptTuple> waiting_;
  std::set<std::int64_t> once_;
};

class Sink final : public gale::BasicBolt {
 public:
  void describe(gale::Describe& d) override {
    d.doc("Writes each number as a line at the end of a file.");
    d.key("path", path_, "The file.", {.required = true});
    d.reads(n_, "n");
  }
  void open(gale::Context&) override {
    file_.open(path_, std::ios::app);
    if (!file_) throw gale::Error("cannot open '" + path_ + "'");
  }
  void execute(const gale::Tuple& tuple, gale::Collector&) override { file_ << tuple.get(n_) << std::endl; }

 private:
  std::string path_;
  std::ofstream file_;
  gale::Field<std::int64_t> n_;
};

#if GALE_ABI_MINOR >= 1
/// Its stream has the fields of its input, which are known when it is described with the topology.
class Pass final : public gale::BasicBolt {
 public:
  void describe(gale::Describe& d) override {
    d.doc("Passes on what it gets.");
    d.emits(d.bound() ? d.input_fields() : std::vector<std::string>{"unknown"});
  }
  void execute(const gale::Tuple& tuple, gale::Collector& out) override { out.forward(tuple); }
};
#endif

#if GALE_ABI_MINOR >= 2
/// Names the reader's task of each emit.
class Spread final : public gale::BasicBolt {
 public:
  void describe(gale::Describe& d) override {
    d.doc("Deals numbers out to the tasks that read it.");
    d.reads(n_, "n");
    d.direct_stream("dealt", dealt_, {"n"});
  }
  void open(gale::Context& context) override { readers_ = context.targets(dealt_); }
  void execute(const gale::Tuple& tuple, gale::Collector& out) override {
    const std::int64_t n = tuple.get(n_);
    out.on(dealt_).to(readers_.at(static_cast<std::size_t>(n) % readers_.size())).emit(n);
  }

 private:
  gale::Field<std::int64_t> n_;
  gale::Stream dealt_;
  std::vector<std::uint32_t> readers_;
};

class Modulo final : public gale::Grouping {
 public:
  void describe(gale::Describe& d) override {
    d.doc("A number goes to the task of its remainder.");
    d.reads(n_, "n");
  }
  void choose(const gale::Values& tuple, gale::Targets& to) override {
    to.add(static_cast<std::uint32_t>(tuple.get(n_)) % to.tasks());
  }

 private:
  gale::Field<std::int64_t> n_;
};

/// Passes on what came to the task that its grouping should have named, and nothing else.
class Mine final : public gale::BasicBolt {
 public:
  void describe(gale::Describe& d) override {
    d.doc("Takes numbers of its own remainder alone.");
    d.reads(n_, "n");
    d.emits({"n"});
  }
  void open(gale::Context& context) override { context_ = &context; }
  void execute(const gale::Tuple& tuple, gale::Collector& out) override {
    const std::int64_t n = tuple.get(n_);
    if (n % context_->tasks() == context_->index()) out.emit(n);
  }

 private:
  gale::Field<std::int64_t> n_;
  gale::Context* context_ = nullptr;
};
#endif

#if GALE_ABI_MINOR >= 3
/// Throws when the tasks that its emit reached are not as many as read it.
class Named final : public gale::BasicBolt {
 public:
  void describe(gale::Describe& d) override {
    d.doc("Passes on what it gets, and counts whom it reached.");
    d.key("readers", readers_, "How many tasks read it.");
    d.reads(n_, "n");
    d.emits({"n"});
  }
  void execute(const gale::Tuple& tuple, gale::Collector& out) override {
    const auto reached = out.emit_with_targets(tuple.get(n_));
    const std::set<std::uint32_t> apart(reached.begin(), reached.end());
    if (apart.size() != static_cast<std::size_t>(readers_))
      throw gale::Error("reached " + std::to_string(apart.size()) + " tasks");
  }

 private:
  std::int64_t readers_ = 1;
  gale::Field<std::int64_t> n_;
};
#endif

}  // namespace

#if GALE_ABI_MINOR >= 3
GALE_PLUGIN("compat", "1.0.0", Numbers, Work, Sink, Pass, Spread, Modulo, Mine, Named);
#elif GALE_ABI_MINOR >= 2
GALE_PLUGIN("compat", "1.0.0", Numbers, Work, Sink, Pass, Spread, Modulo, Mine);
#elif GALE_ABI_MINOR >= 1
GALE_PLUGIN("compat", "1.0.0", Numbers, Work, Sink, Pass);
#else
GALE_PLUGIN("compat", "1.0.0", Numbers, Work, Sink);
#endif
