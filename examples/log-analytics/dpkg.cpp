// SPDX-License-Identifier: Apache-2.0
//
// Plugin "dpkg": what a package manager did, out of its log. Parse -> PerMinute counts actions by package and minute;
// Parse -> Watch tells packages that were left half-way. Wired in topologies/log-analytics.yaml.
#include <gale/plugin.hpp>

#include <algorithm>
#include <array>
#include <cstdint>
#include <map>
#include <string>
#include <string_view>
#include <tuple>
#include <unordered_map>

namespace dpkg {

/// The words of a line, as far as there are that many.
struct Words {
  explicit Words(std::string_view line) {
    for (std::size_t begin = 0; begin < line.size() && count < all.size();) {
      const std::size_t end = std::min(line.find(' ', begin), line.size());
      if (end > begin) all[count++] = line.substr(begin, end - begin);
      begin = end + 1;
    }
  }
  std::array<std::string_view, 6> all;
  std::size_t count = 0;
};

class Parse final : public gale::BasicBolt {
 public:
  void describe(gale::Describe& d) override {
    d.doc("Reads lines of /var/log/dpkg.log: actions by default, states on 'states', what is neither on 'bad'.");
    d.reads(line_, "line");
    d.emits({"minute", "action", "package"});
    d.stream("states", states_, {"time", "state", "package"});
    d.stream("bad", bad_, {"line", "reason"});
  }
  void execute(const gale::Tuple& tuple, gale::Collector& out) override {
    const auto line = tuple.get(line_);
    const Words words(line);
    const auto& [date, time, what, first, second, rest] = words.all;
    if (words.count < 3 || date.size() != 10 || date[4] != '-' || time.size() != 8 || time[2] != ':')
      return out.on(bad_).emit(line, "no date and time");
    if (what == "startup" || what == "conffile") return;  // of no package
    if (words.count < 4) return out.on(bad_).emit(line, "no package");
    if (what == "status") {
      if (words.count < 5) return out.on(bad_).emit(line, "a state without a package");
      out.on(states_).emit(line.substr(0, 19), first, second);
    } else {
      out.emit(line.substr(0, 16), what, first);
    }
  }

 private:
  gale::Field<std::string_view> line_;
  gale::Stream states_, bad_;
};

class PerMinute final : public gale::BasicBolt {
 public:
  void describe(gale::Describe& d) override {
    d.doc("Counts actions by minute and package, and emits the counts at the end, in order.");
    d.emits({"minute", "action", "package", "count"});
  }
  void execute(const gale::Tuple& tuple, gale::Collector&) override {
    ++counts_[tuple.as<std::string, std::string, std::string>()];
  }
  bool finish(gale::Collector& out) override {
    for (const auto& [key, count] : counts_) {
      const auto& [minute, action, package] = key;
      out.emit(minute, action, package, count);
    }
    return true;
  }

 private:
  std::map<std::tuple<std::string, std::string, std::string>, std::uint64_t> counts_;
};

class Watch final : public gale::BasicBolt {
 public:
  void describe(gale::Describe& d) override {
    d.doc("Remembers the last state of each package; at the end, emits those that are neither installed nor gone.");
    d.reads(time_, "time");
    d.reads(state_, "state");
    d.reads(package_, "package");
    d.emits({"package", "state", "since"});
  }
  void execute(const gale::Tuple& tuple, gale::Collector&) override {
    Last& last = last_[tuple.get(package_)];
    const auto time = tuple.get(time_);
    if (time < last.time) return;  // a replay, or another file of the log: by time, not by arrival
    last = {std::string(time), std::string(tuple.get(state_))};
  }
  bool finish(gale::Collector& out) override {
    for (const auto& [package, last] : last_) {
      const bool fine = last.state == "installed" || last.state == "not-installed" || last.state == "config-files";
      if (!fine) out.emit(package, last.state, last.time);
    }
    return true;
  }

 private:
  struct Last {
    std::string time, state;
  };
  gale::Field<std::string_view> time_, state_;
  gale::Field<std::string> package_;
  std::unordered_map<std::string, Last> last_;
};

}  // namespace dpkg

using dpkg::Parse, dpkg::PerMinute, dpkg::Watch;
GALE_PLUGIN("dpkg", "1.0.0", Parse, PerMinute, Watch);
