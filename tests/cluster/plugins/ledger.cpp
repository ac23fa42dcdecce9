// SPDX-License-Identifier: Apache-2.0
//
// The judge's topology: Source -> FanOut (two branches) -> Keyed (holds each tuple a while) -> Sink. What a record is
// and which files these write: ../format.hpp; what is proved from them: ../README.md.
// Invariants: a source's EMIT line is written before its emit can leave, its ACK line before its mark can pass; a
// sink's line is written before its ack. So whatever was acked is in a file, whenever a process dies.
#include "tests/cluster/plugins/files.hpp"

#include <gale/plugin.hpp>

#include <algorithm>
#include <chrono>
#include <deque>
#include <fstream>
#include <string>
#include <string_view>
#include <tuple>
#include <unordered_map>

namespace {

using ledger::Event;

std::string file_of(const std::string& dir, const char* kind, std::uint32_t number) {
  return dir + "/" + kind + "." + std::to_string(number) + ".";
}
std::string pid_text() { return std::to_string(::getpid()); }

/// Seeded by the record alone, so that a replay has the same bytes: mostly short, one in 64 about 4 KB.
void fill_payload(std::uint16_t src, std::uint64_t seq, std::string& payload) {
  std::uint64_t x = (seq << 8 | src) * 0x9e3779b97f4a7c15u;
  x ^= x >> 29;
  const std::size_t size = x % 64 == 0 ? 4000 + x % 100 : 8 + (x >> 8) % 120;
  payload.resize(size);
  for (char& c : payload) {
    x = x * 6364136223846793005u + 1442695040888963407u;
    c = static_cast<char>('a' + (x >> 33) % 26);
  }
}

/// Numbered records at a steady pace; replays what fails; begins again behind its mark when its process died.
class Source final : public gale::Spout {
 public:
  void describe(gale::Describe& d) override {
    d.doc("Emits numbered records at a pace, and writes down each emit, ack and fail.");
    d.key("dir", dir_, "Where the ledgers are.", {.required = true});
    d.key("rate", rate_, "New records a second, from each task.");
    d.key("records", records_, "The last number; 0: until the file `end` in dir names it.");
    d.emits({"src", "seq", "key", "start", "attempt", "crc", "payload"});
  }

  void open(gale::Context& context) override {
    context_ = &context;
    src_ = static_cast<std::uint16_t>(context.index());
    start_ = static_cast<std::uint16_t>(ledger::starts_so_far(dir_, src_) + 1);
    const std::string number = std::to_string(start_) + ".";
    lines_ = ledger::LineFile(file_of(dir_, "source", src_) + number + pid_text());
    mark_ = ledger::Mark(dir_ + "/mark." + std::to_string(src_));
    gauge_.open(file_of(dir_, "gauge.source", src_) + pid_text());
    next_seq_ = mark_.get() + 1;
    frontier_ = gale::AckFrontier(next_seq_);
    end_ = records_;
    begun_ = context.now();
    began_at_ = next_seq_;
  }

  gale::Next next(gale::SpoutCollector& out) override {
    const gale::TimePoint now = context_->now();
    if (now >= next_chore_) chores(now);
    if (!again_.empty()) {
      const std::uint64_t seq = again_.front();
      again_.pop_front();
      emit(seq, out);
      return gale::Next::emitted();
    }
    if (end_ != 0 && next_seq_ > end_) {
      return flying_.empty() ? gale::Next::finished() : gale::Next::idle_until(now + kChores);
    }
    if (const gale::TimePoint due = due_of(next_seq_, now); now < due) {
      return gale::Next::idle_until(std::clamp(due, now + std::chrono::milliseconds(1), now + kChores));
    }
    const std::uint64_t seq = next_seq_++;
    frontier_.taken(seq);
    emit(seq, out);
    gauge_.position(seq);
    return gale::Next::emitted();
  }

  void ack(gale::MessageId id) override {
    Flying* flying = waiting_for(id);
    write(Event::kAck, id, flying == nullptr ? std::uint16_t{0} : flying->attempt);
    if (flying == nullptr) return;  // the checker breaks P6 for it; believing it would hide what came of it
    flying_.erase(seq_of(id));
    frontier_.acked(seq_of(id));
    gauge_.held(flying_.size());
    gauge_.acked();
  }

  void fail(const gale::Failure& failure) override {
    const bool timeout = failure.reason.find("timed out") != std::string_view::npos;
    write(timeout ? Event::kTimeout : Event::kFail, failure.id, static_cast<std::uint16_t>(failure.attempt));
    Flying* flying = waiting_for(failure.id);
    if (flying == nullptr || flying->attempt != failure.attempt) return;
    flying->told = true;
    again_.push_back(seq_of(failure.id));
  }

 private:
  static constexpr std::chrono::milliseconds kChores{20};

  struct Flying {
    std::uint16_t attempt = 0;
    bool told = false;  // failed, and not yet emitted again
  };

  // An id names the incarnation too: a callback that comes to the wrong one shows.
  [[nodiscard]] gale::MessageId id_of(std::uint64_t seq) const { return seq << 12 | (start_ & 0xfffu); }
  static std::uint64_t seq_of(gale::MessageId id) { return id >> 12; }
  [[nodiscard]] Flying* waiting_for(gale::MessageId id) {
    const auto it = flying_.find(seq_of(id));
    return it != flying_.end() && id == id_of(it->first) && !it->second.told ? &it->second : nullptr;
  }

  void write(Event event, gale::MessageId id, std::uint16_t attempt) {
    ledger::SourceLine line;
    line.event = event;
    line.src = src_;
    line.seq = seq_of(id);
    line.time_ns = ledger::now_ns();
    line.attempt = attempt;
    line.start = static_cast<std::uint16_t>(id & 0xfff);
    line.pid = static_cast<std::uint32_t>(::getpid());
    lines_.append(line);
  }

  void emit(std::uint64_t seq, gale::SpoutCollector& out) {
    Flying& flying = flying_[seq];
    ++flying.attempt;
    flying.told = false;
    const gale::MessageId id = id_of(seq);
    write(Event::kEmit, id, flying.attempt);
    fill_payload(src_, seq, payload_);
    out.emit({.id = id, .replay = gale::Replay::spout}, src_, seq, seq % ledger::kKeys, start_, flying.attempt,
             ledger::payload_crc(src_, seq, payload_), payload_);
    gauge_.held(flying_.size());
    gauge_.done();
  }

  /// Behind the pace it catches up, but not with more than a tenth of a second's records.
  gale::TimePoint due_of(std::uint64_t seq, gale::TimePoint now) {
    const auto gap = std::chrono::nanoseconds(static_cast<std::int64_t>(1e9 / static_cast<double>(rate_)));
    gale::TimePoint due = begun_ + static_cast<std::int64_t>(seq - began_at_) * gap;
    if (now - due > std::chrono::milliseconds(100)) {
      begun_ = now;
      began_at_ = seq;
      due = now;
    }
    return due;
  }

  void chores(gale::TimePoint now) {
    next_chore_ = now + kChores;
    mark_.advance(frontier_.next() - 1);
    if (end_ == 0) {
      if (std::ifstream file(dir_ + "/end"); file) file >> end_;
    }
  }

  std::string dir_;
  std::int64_t rate_ = 1000, records_ = 0;
  gale::Context* context_ = nullptr;
  std::uint16_t src_ = 0, start_ = 0;
  std::uint64_t next_seq_ = 1, end_ = 0, began_at_ = 1;
  gale::TimePoint begun_{}, next_chore_{};
  ledger::LineFile lines_;
  ledger::Mark mark_;
  ledger::GaugeFile gauge_;
  gale::AckFrontier frontier_;
  std::unordered_map<std::uint64_t, Flying> flying_;  // what is not acked, by seq
  std::deque<std::uint64_t> again_;
  std::string payload_;
};

class FanOut final : public gale::BasicBolt {
 public:
  void describe(gale::Describe& d) override {
    d.doc("Emits each record twice, as branch 0 and branch 1.");
    d.emits({"src", "seq", "key", "start", "attempt", "crc", "payload", "branch", "fan"});
    d.direct_stream("told", told_, {"seq", "key"});
  }
  void open(gale::Context& context) override {
    fan_ = context.index();
    targets_ = context.targets(told_);
  }
  void execute(const gale::Tuple& tuple, gale::Collector& out) override {
    const auto [src, seq, key, start, attempt, crc, payload] =
        tuple.as<std::uint16_t, std::uint64_t, std::uint16_t, std::uint16_t, std::uint16_t, std::uint32_t,
                 std::string_view>();
    for (unsigned branch = 0; branch < ledger::kFanOut; ++branch) {
      out.emit(src, seq, key, start, attempt, crc, payload, branch, fan_);
    }
    out.on(told_).to(targets_[seq % targets_.size()]).emit(seq, key);
  }

 private:
  std::uint32_t fan_ = 0;
  gale::Stream told_;
  std::vector<std::uint32_t> targets_;
};

/// Stands in the path of every grouping that the others do not use: what goes lost on its way here fails a root, and
/// what reaches the wrong task is refused, so that no root of it completes.
class Witness final : public gale::BasicBolt {
 public:
  void describe(gale::Describe& d) override {
    d.doc("Acks what it gets, if it should have got it.");
    d.reads(seq_, "seq");
    d.reads(key_, "key");
  }
  void open(gale::Context& context) override { context_ = &context; }
  void execute(const gale::Tuple& tuple, gale::Collector&) override {
    const bool told = tuple.stream() == "told";
    const std::uint64_t number = told ? tuple.get(seq_) : tuple.get(key_);
    const bool chosen = told || context_->component() == "chosen";
    if (chosen && number % context_->tasks() != context_->index()) throw gale::Error("a tuple of another task");
  }

 private:
  gale::Field<std::uint64_t> seq_, key_;
  gale::Context* context_ = nullptr;
};

class ByKey final : public gale::Grouping {
 public:
  void describe(gale::Describe& d) override {
    d.doc("Deals keys out in turn.");
    d.reads(key_, "key");
  }
  void choose(const gale::Values& tuple, gale::Targets& to) override {
    to.add(static_cast<std::uint32_t>(tuple.get(key_) % to.tasks()));
  }

 private:
  gale::Field<std::uint64_t> key_;
};

/// Keeps each tuple for hold_ms, in order, so that every worker owes answers whenever it is killed; a few for late_ms,
/// longer than the message timeout, so that late acks meet slots that were given to other roots.
class Keyed final : public gale::Bolt {
 public:
  void describe(gale::Describe& d) override {
    d.doc("Holds each record for a while, in order, then emits it.");
    d.key("dir", dir_, "Where the gauges are.", {.required = true});
    d.key("hold_ms", hold_ms_, "How long each tuple is held.");
    d.key("late_every", late_every_, "Each so-manieth record's first attempt is held for late_ms; 0: none.");
    d.key("late_ms", late_ms_, "How long those are held.");
    d.emits({"src", "seq", "key", "start", "attempt", "crc", "payload", "branch", "fan", "keyed"});
    d.tick_every(std::chrono::milliseconds(5));
  }
  void open(gale::Context& context) override {
    context_ = &context;
    gauge_.open(file_of(dir_, "gauge.keyed", context.index()) + pid_text());
  }

  void execute(const gale::Tuple& tuple, gale::Collector& out) override {
    const auto seq = tuple.get<std::uint64_t>(1);
    const bool late = late_every_ > 0 && ledger::held_late(static_cast<std::uint64_t>(late_every_), seq,
                                                           tuple.get<unsigned>(7), tuple.get<unsigned>(4));
    const auto now = context_->now();
    auto& queue = late ? late_ : queue_;
    queue.push_back({tuple.keep(), now + std::chrono::milliseconds(late ? late_ms_ : hold_ms_)});
    gauge_.held(queue_.size() + late_.size());
    gauge_.done();
    release(now, out);
  }
  void tick(gale::TimePoint now, gale::Collector& out) override { release(now, out); }
  bool finish(gale::Collector& out) override {
    release(context_->now(), out);
    return queue_.empty() && late_.empty();
  }

 private:
  struct Held {
    gale::KeptTuple tuple;
    gale::TimePoint due;
  };

  void release(gale::TimePoint now, gale::Collector& out) {
    for (auto* queue : {&queue_, &late_}) {
      while (!queue->empty() && queue->front().due <= now && out.room()) {
        pass(queue->front().tuple, out);
        queue->pop_front();
      }
    }
    gauge_.held(queue_.size() + late_.size());
  }
  void pass(gale::KeptTuple& kept, gale::Collector& out) const {
    const auto [src, seq, key, start, attempt, crc, payload, branch, fan] =
        kept.as<std::uint16_t, std::uint64_t, std::uint16_t, std::uint16_t, std::uint16_t, std::uint32_t,
                std::string_view, std::uint8_t, std::uint8_t>();
    out.from(kept).emit(src, seq, key, start, attempt, crc, payload, branch, fan, context_->index());
    out.ack(std::move(kept));
  }

  std::string dir_;
  std::int64_t hold_ms_ = 250, late_every_ = 0, late_ms_ = 10'000;
  gale::Context* context_ = nullptr;
  ledger::GaugeFile gauge_;
  std::deque<Held> queue_, late_;
};

class Sink final : public gale::BasicBolt {
 public:
  void describe(gale::Describe& d) override {
    d.doc("Writes a line for each record it receives, before it is acked.");
    d.key("dir", dir_, "Where the ledgers are.", {.required = true});
  }
  void open(gale::Context& context) override {
    task_ = static_cast<std::uint8_t>(context.index());
    lines_ = ledger::LineFile(file_of(dir_, "sink", task_) + pid_text());
    gauge_.open(file_of(dir_, "gauge.sink", task_) + pid_text());
  }
  void execute(const gale::Tuple& tuple, gale::Collector&) override {
    const auto [src, seq, key, start, attempt, crc, payload, branch, fan, keyed] =
        tuple.as<std::uint16_t, std::uint64_t, std::uint16_t, std::uint16_t, std::uint16_t, std::uint32_t,
                 std::string_view, std::uint8_t, std::uint8_t, std::uint8_t>();
    ledger::SinkLine line;
    line.src = src;
    line.attempt = attempt;
    line.seq = seq;
    line.time_ns = ledger::now_ns();
    line.start = start;
    line.key = key;
    line.branch = branch;
    line.fan = fan;
    line.keyed = keyed;
    line.sink = task_;
    line.sound = crc == ledger::payload_crc(src, seq, payload) ? 1 : 0;
    line.pid = static_cast<std::uint32_t>(::getpid());
    lines_.append(line);
    gauge_.done();
  }

 private:
  std::string dir_;
  std::uint8_t task_ = 0;
  ledger::LineFile lines_;
  ledger::GaugeFile gauge_;
};

}  // namespace

GALE_PLUGIN("ledger", "1.0.0", Source, FanOut, Keyed, Sink, Witness, ByKey);
