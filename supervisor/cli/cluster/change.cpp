// SPDX-License-Identifier: Apache-2.0
//
// gale kill, activate, deactivate, rebalance NAME: change what runs.
#include "engine/base/duration.hpp"
#include "supervisor/cli/cluster/master_call.hpp"
#include "supervisor/cli/commands.hpp"
#include "supervisor/cli/options.hpp"
#include "supervisor/cli/signals.hpp"
#include "supervisor/control/fields.hpp"

#include <poll.h>
#include <boost/program_options.hpp>

#include <charconv>
#include <cstdio>
#include <optional>

namespace gale::cli {
namespace po = boost::program_options;
namespace {

using control::number_in;
using control::text_in;

std::int64_t ms_of(Duration d) { return std::chrono::duration_cast<std::chrono::milliseconds>(d).count(); }

class Kill final : public MasterCommand {
 public:
  Kill() {
    option()                                                          //
        ("wait", po::bool_switch(&wait_), "returns when it is gone")  //
        ("within", time_option("within", within_),
         "how long what is pending may take to run out (default: its message timeout); 0s: not at all");
  }
  [[nodiscard]] About about() const override {
    return of_master(
        {.name = "kill",
         .summary = "ends a topology of the cluster",
         .text = "Ends a topology: its spouts stop, what is pending runs out as if all input had ended, then its "
                 "workers end and\n"
                 "it is forgotten.",
         .operands = {.word = "topology", .mark = "NAME"}});
  }
  int run(const std::vector<std::string>& names) override {
    Value::Map args{{"name", names.front()}};
    if (within_) args.emplace("within_ms", ms_of(*within_));
    const auto answer = ask("kill", std::move(args));
    if (!answer) return status();
    if (wait_ && !until_gone(names.front())) return status();
    if (json()) {
      std::printf("%s\n", line_of(to_json(*answer)).c_str());
    } else if (wait_) {
      std::printf("topology '%s' is gone\n", names.front().c_str());
    } else {
      std::printf("topology '%s' ends: what is pending has %.3g s to run out\n", names.front().c_str(),
                  static_cast<double>(number_in(*answer, "wait_ms")) / 1000);
    }
    return kOk;
  }

 private:
  bool until_gone(const std::string& name) {
    StopSignals signals;
    for (;;) {
      const auto all = ask("list", Value::Map{});
      if (!all) return false;
      bool there = false;
      for (const Value& t : control::array_in(*all, "topologies")) there = there || text_in(t, "name") == name;
      if (!there) return true;
      if (signals.take() > 0) return true;
      ::poll(nullptr, 0, 100);
    }
  }

  bool wait_ = false;
  std::optional<Duration> within_;
};

class SetActive final : public MasterCommand {
 public:
  explicit SetActive(bool active) : active_(active) {}
  [[nodiscard]] About about() const override {
    return of_master(
        {.name = active_ ? "activate" : "deactivate",
         .summary = active_ ? "lets the spouts of a topology emit again" : "lets the spouts of a topology pause",
         .text = active_ ? "Asks the spouts of a topology for tuples again."
                         : "Asks the spouts of a topology for nothing more until 'gale activate'. What is pending "
                           "runs on; its workers stay.",
         .operands = {.word = "topology", .mark = "NAME"}});
  }
  int run(const std::vector<std::string>& names) override {
    const auto answer = ask(active_ ? "activate" : "deactivate", Value::Map{{"name", names.front()}});
    if (!answer) return status();
    if (json()) return std::printf("%s\n", line_of(to_json(*answer)).c_str()), kOk;
    std::printf("topology '%s' is %s\n", names.front().c_str(), active_ ? "active" : "inactive");
    return kOk;
  }

 private:
  const bool active_;
};

class Rebalance final : public MasterCommand {
 public:
  Rebalance() {
    option()                                                                                     //
        ("workers", count_option("workers", workers_, 1, 1024), "worker processes from now on")  //
        ("component", po::value(&components_)->composing()->value_name("ID=N"),
         "tasks of a component from now on; may be repeated")  //
        ("within", time_option("within", within_),
         "how long what is pending may take to run out (default: its message timeout)")  //
        ("yes", po::bool_switch(&yes_), "although what its bolts remember in memory is lost");
  }
  [[nodiscard]] About about() const override {
    return of_master(
        {.name = "rebalance",
         .summary = "gives a topology of the cluster other numbers of workers and tasks",
         .text = "Gives a topology another number of workers or tasks, or with neither spreads its workers anew: "
                 "its spouts\n"
                 "stop, what is pending runs out, then it goes on. Nothing is emitted twice or lost by it.",
         .operands = {.word = "topology", .mark = "NAME"},
         .status_2 = "bad usage, there is no such topology, or memory would be lost without --yes"});
  }
  int run(const std::vector<std::string>& names) override {
    Value::Map tasks;
    for (const std::string& text : components_) {
      const std::size_t equals = text.rfind('=');
      std::uint32_t n = 0;
      const char* const end = text.data() + text.size();
      if (equals == std::string::npos || equals == 0 || std::from_chars(text.data() + equals + 1, end, n).ptr != end ||
          n == 0) {
        complain("--component wants ID=N, N from 1; it got '" + text + "'");
        return kUsage;
      }
      tasks.insert_or_assign(text.substr(0, equals), n);
    }
    Value::Map args{{"name", names.front()}, {"tasks", std::move(tasks)}, {"yes", yes_}};
    if (workers_) args.emplace("workers", *workers_);
    if (within_) args.emplace("within_ms", ms_of(*within_));
    const auto answer = ask("rebalance", std::move(args), std::chrono::seconds(90));
    if (!answer) return status();
    if (json()) return std::printf("%s\n", line_of(to_json(*answer)).c_str()), kOk;
    std::printf("topology '%s' is rebalanced; 'gale status %s' tells how far it is\n", names.front().c_str(),
                names.front().c_str());
    return kOk;
  }

 private:
  std::optional<std::uint32_t> workers_;
  std::vector<std::string> components_;
  std::optional<Duration> within_;
  bool yes_ = false;
};

}  // namespace

std::unique_ptr<Command> kill_command() { return std::make_unique<Kill>(); }
std::unique_ptr<Command> activate_command() { return std::make_unique<SetActive>(true); }
std::unique_ptr<Command> deactivate_command() { return std::make_unique<SetActive>(false); }
std::unique_ptr<Command> rebalance_command() { return std::make_unique<Rebalance>(); }

}  // namespace gale::cli
