// SPDX-License-Identifier: Apache-2.0
//
// Plugin "netcount": Split -> Count, the running word count of a text stream. Wired in
// topologies/socket-word-count.yaml behind socket.LineSpout.
#include <gale/plugin.hpp>

#include <algorithm>
#include <cstdint>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

namespace netcount {

class Split final : public gale::BasicBolt {
 public:
  void describe(gale::Describe& d) override {
    d.doc("Splits a line at single spaces.");
    d.emits({"word"});
  }
  void execute(const gale::Tuple& tuple, gale::Collector& out) override {
    const auto line = tuple.get<std::string_view>(0);
    for (std::size_t begin = 0, end = 0; begin < line.size(); begin = end + 1) {
      end = std::min(line.find(' ', begin), line.size());
      if (end > begin) out.emit(line.substr(begin, end - begin));
    }
  }
};

class Count final : public gale::BasicBolt {
 public:
  void describe(gale::Describe& d) override {
    d.doc("Counts words for ever; every second, and at the end, emits those whose count has changed.");
    d.emits({"word", "count"});
    d.tick_every(std::chrono::seconds(1));
  }
  void execute(const gale::Tuple& tuple, gale::Collector&) override {
    const auto [at, is_new] = counts_.try_emplace(tuple.get<std::string>(0));
    if (at->second.changed == 0) changed_.push_back(&*at);
    ++at->second.count;
    ++at->second.changed;
  }
  void tick(gale::TimePoint, gale::Collector& out) override { tell(out); }
  bool finish(gale::Collector& out) override {
    tell(out);
    return true;
  }

 private:
  struct Cell {
    std::uint64_t count = 0, changed = 0;
  };
  using Counts = std::unordered_map<std::string, Cell>;

  void tell(gale::Collector& out) {
    for (Counts::value_type* entry : changed_) {
      out.emit(entry->first, entry->second.count);
      entry->second.changed = 0;
    }
    changed_.clear();
  }

  Counts counts_;
  std::vector<Counts::value_type*> changed_;  // an unordered_map's elements stay where they are
};

}  // namespace netcount

using netcount::Count, netcount::Split;
GALE_PLUGIN("netcount", "1.0.0", Split, Count);
