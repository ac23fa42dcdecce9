// SPDX-License-Identifier: Apache-2.0
//
// Components that the tests of the kit share: well-behaved ones, and Scripted, which does in a call what the test says.
#pragma once

#include "gale/testkit.hpp"

#include <cstdint>
#include <functional>
#include <string>
#include <string_view>
#include <vector>

namespace gale::testkit::test {

/// Splits a text; what holds nothing goes to stream empty.
class Split final : public BasicBolt {
 public:
  void describe(Describe& d) override {
    d.key("at", at_, "Where to split.");
    d.emits({"word"});
    d.stream("empty", empty_, {"number"});
  }
  void open(Context& context) override {
    if (at_.empty()) throw Error("key 'at' may not be empty");
    context.info("splitting at ", at_);
    words_ = context.counter("words");
  }
  void execute(const Tuple& tuple, Collector& out) override {
    const auto line = tuple.get<std::string_view>(0);
    if (line.empty()) out.on(empty_).emit(++empties_);
    for (std::size_t begin = 0, end = 0; end < line.size(); begin = end + 1) {
      end = std::min(line.find(at_, begin), line.size());
      out.emit(line.substr(begin, end - begin));
      words_.add();
    }
  }

  std::string at_ = " ";
  std::int64_t empties_ = 0;

 private:
  Stream empty_;
  Counter words_;
};

/// What the bolt Scripted does: set by a test before it gives a tuple, or lets time pass.
struct Script {
  std::function<void(Context&)> open = [](Context&) {};
  std::function<void(const Tuple&, Collector&)> execute = [](const Tuple& t, Collector& out) { out.ack(t); };
  std::function<void(TimePoint, Collector&)> tick = [](TimePoint, Collector&) {};
  std::function<bool(Collector&)> finish = [](Collector&) { return true; };
  std::function<void()> close = [] {};
};
inline Script& script() {
  static Script now;
  return now;
}

class Scripted final : public Bolt {
 public:
  void describe(Describe& d) override {
    d.emits({"v"});
    d.direct_stream("direct", direct_, {"v"});
    d.tick_every(std::chrono::milliseconds(100));
  }
  void open(Context& context) override {
    context_ = &context;
    script().open(context);
  }
  void execute(const Tuple& tuple, Collector& out) override { script().execute(tuple, out); }
  void tick(TimePoint now, Collector& out) override { script().tick(now, out); }
  bool finish(Collector& out) override { return script().finish(out); }
  void close() override { script().close(); }

  Stream direct_;
  Context* context_ = nullptr;
  std::vector<KeptTuple> kept_;
};

/// A Scripted with a script of its own.
struct Fixture {
  Fixture() { script() = {}; }
  ~Fixture() { script() = {}; }
};

/// Keeps what it is given.
inline void keep(Harness<Scripted>& bolt) {
  script().execute = [&](const Tuple& tuple, Collector&) { bolt->kept_.push_back(tuple.keep()); };
}

using Texts = std::vector<std::string>;

}  // namespace gale::testkit::test
