// SPDX-License-Identifier: Apache-2.0
//
// Plugin "bench_words": sources and the end for what counts words: Text emits lines that are in memory, Keys emits
// words of which few are frequent, Sum adds up the counts that a topology has come to. Between them are the example's
// Split and Count (examples/word-count/). Honest by construction: Text and Keys fail the run unless ack(id) ran once
// for each root; Sum leaves what it was told, which words.py holds against an independent count. The time is from the
// first emit to the end of Sum, which comes when all that was emitted is counted, and all acks are there.
#include <gale/plugin.hpp>

#include <algorithm>
#include <chrono>
#include <cmath>
#include <cstdint>
#include <fstream>
#include <iterator>
#include <random>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace bench_words {

std::int64_t now_ns() { return std::chrono::steady_clock::now().time_since_epoch().count(); }

/// Emits strings in turn, over and over.
class Source : public gale::Spout {
 public:
  gale::Next next(gale::SpoutCollector& out) final {
    if (next_ == count_) return gale::Next::finished();
    if (next_ == 0) first_emit_ns_ = now_ns();
    const std::string_view text = texts_[at_];
    if (++at_ == texts_.size()) at_ = 0;
    if (acked_) {
      out.emit({.id = static_cast<gale::MessageId>(next_), .replay = gale::Replay::spout}, text);
    } else {
      out.emit(text);
    }
    ++next_;
    return gale::Next::emitted();
  }
  void ack(gale::MessageId id) final {
    ++acks_;
    sum_ += id;
  }
  void fail(const gale::Failure& failure) final {
    throw gale::Error("root " + std::to_string(failure.id) + " failed: " + std::string(failure.reason));
  }
  void close() final {
    const auto n = static_cast<std::uint64_t>(count_);
    const std::uint64_t wanted = n % 2 == 0 ? n / 2 * (n - 1) : (n - 1) / 2 * n;
    if (acked_ && (acks_ != n || sum_ != wanted)) throw gale::Error("not one ack for each root");
    std::ofstream(report_) << "first_emit_ns " << first_emit_ns_ << '\n';
  }

 protected:
  void keys(gale::Describe& d) {
    d.key("count", count_, "How many to emit.");
    d.key("acked", acked_, "Whether each is tracked, and its ack waited for.");
    d.key("report", report_, "The file to leave the time of the first emit in.", {.required = true});
  }
  std::vector<std::string_view> texts_;

 private:
  std::int64_t count_ = 1'000'000, next_ = 0, first_emit_ns_ = 0;
  std::string report_;
  bool acked_ = false;
  std::size_t at_ = 0;
  std::uint64_t acks_ = 0, sum_ = 0;
};

class Text final : public Source {
 public:
  void describe(gale::Describe& d) override {
    d.doc("Emits the lines of a file, which it has in memory, over and over.");
    keys(d);
    d.key("input", input_, "The file.", {.required = true});
    d.emits({"line"});
  }
  void open(gale::Context&) override {
    std::ifstream file(input_, std::ios::binary);
    all_.assign(std::istreambuf_iterator<char>(file), {});
    for (std::string_view rest = all_; !rest.empty();) {
      const std::size_t end = std::min(rest.find('\n'), rest.size());
      texts_.push_back(rest.substr(0, end));
      rest.remove_prefix(std::min(end + 1, rest.size()));
    }
    if (texts_.empty()) throw gale::Error("no line in '" + input_ + "'");
  }

 private:
  std::string input_, all_;
};

class Keys final : public Source {
 public:
  void describe(gale::Describe& d) override {
    d.doc("Emits keys that follow Zipf's law: the second is half as frequent as the first, and so on.");
    keys(d);
    d.key("keys", distinct_, "How many keys there are.");
    d.key("exponent", exponent_, "1: as above; 0: all alike.");
    d.emits({"word"});
  }
  void open(gale::Context&) override {
    constexpr std::size_t kDrawn = 1 << 20;  // then they come again in the same order
    std::vector<double> weight;
    for (std::int64_t i = 1; i <= distinct_; ++i) {
      names_.push_back("key" + std::to_string(i));
      weight.push_back(std::pow(static_cast<double>(i), -exponent_));
    }
    std::mt19937 random(1);
    std::discrete_distribution<std::size_t> draw(weight.begin(), weight.end());
    for (std::size_t i = 0; i < kDrawn; ++i) texts_.push_back(names_[draw(random)]);
  }

 private:
  std::int64_t distinct_ = 100'000;
  double exponent_ = 1;
  std::vector<std::string> names_;
};

class Sum final : public gale::BasicBolt {
 public:
  void describe(gale::Describe& d) override {
    d.doc("Adds up (word, count); leaves the sum, the number of words and the time of the end in a file.");
    d.key("report", report_, "The file.", {.required = true});
  }
  void execute(const gale::Tuple& tuple, gale::Collector&) override {
    sum_ += tuple.get<std::int64_t>(1);
    ++distinct_;
  }
  bool finish(gale::Collector&) override {
    std::ofstream(report_) << "sum " << sum_ << "\ndistinct " << distinct_ << "\nend_ns " << now_ns() << '\n';
    return true;
  }

 private:
  std::string report_;
  std::int64_t sum_ = 0, distinct_ = 0;
};

GALE_PLUGIN("bench_words", "1.0.0", Text, Keys, Sum);

}  // namespace bench_words
