// SPDX-License-Identifier: Apache-2.0
//
// Plugin "exclamation": Storm's first example. Words -> Exclaim -> Exclaim. Wired in topologies/exclamation.yaml.
#include <gale/plugin.hpp>

#include <array>
#include <cstdint>
#include <string>
#include <string_view>

namespace exclamation {

class Words final : public gale::Spout {
 public:
  void describe(gale::Describe& d) override {
    d.doc("Emits names in turn, tracked.");
    d.key("count", count_, "How many to emit before it ends; 0: it never ends.");
    d.emits({"word"});
  }
  gale::Next next(gale::SpoutCollector& out) override {
    if (count_ != 0 && emitted_ == count_) return gale::Next::finished();
    constexpr std::array<std::string_view, 5> kWords = {"nathan", "mike", "jackson", "golda", "bertels"};
    out.emit({.id = emitted_}, kWords[emitted_ % kWords.size()]);
    ++emitted_;
    return gale::Next::emitted();
  }

 private:
  std::uint64_t count_ = 10, emitted_ = 0;
};

class Exclaim final : public gale::BasicBolt {
 public:
  void describe(gale::Describe& d) override {
    d.doc("Appends !!! to a word.");
    d.emits({"word"});
  }
  void execute(const gale::Tuple& tuple, gale::Collector& out) override {
    word_ = tuple.get<std::string_view>(0);
    out.emit(word_ += "!!!");
  }

 private:
  std::string word_;  // its memory is used again
};

}  // namespace exclamation

using exclamation::Exclaim, exclamation::Words;
GALE_PLUGIN("exclamation", "1.0.0", Words, Exclaim);
