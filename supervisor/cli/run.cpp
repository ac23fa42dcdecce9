// SPDX-License-Identifier: Apache-2.0
//
// gale run FILE: runs a topology to its end, in this process or over several worker processes.
#include "engine/base/log.hpp"
#include "engine/plan/settings_table.hpp"
#include "supervisor/cli/bounded_stop.hpp"
#include "supervisor/cli/commands.hpp"
#include "supervisor/cli/exit_guard.hpp"
#include "supervisor/cli/options.hpp"
#include "supervisor/cli/signals.hpp"
#include "supervisor/cli/summary.hpp"
#include "supervisor/cli/topology_arguments.hpp"
#include "supervisor/cli/topology_run.hpp"

#include <unistd.h>
#include <boost/program_options.hpp>

#include <cerrno>
#include <cstdio>
#include <cstring>
#include <filesystem>
#include <map>
#include <memory>
#include <string>

namespace gale::cli {
namespace po = boost::program_options;
namespace {

struct RunArguments {
  TopologyArguments topology;
  std::optional<std::uint32_t> threads;
  bool json = false, quiet = false, gdb = false;
  std::optional<Duration> duration;  // --for
  node::LinkKind link = node::LinkKind::kIpc;
  std::optional<std::uint32_t> port;
};

constexpr Duration kLookEvery = std::chrono::milliseconds(50);  // at signals and the clock
constexpr Duration kStopGrace = std::chrono::seconds(10);       // beyond the message timeout

/// A line a second over itself on a terminal, a line every five elsewhere.
class Progress {
 public:
  explicit Progress(bool quiet) : quiet_(quiet), terminal_(::isatty(STDERR_FILENO) != 0) {}
  [[nodiscard]] Duration every() const { return terminal_ ? std::chrono::seconds(1) : std::chrono::seconds(5); }
  void show(double seconds, metrics::Totals now) {
    if (quiet_) return;
    const std::string line = progress(seconds, now, before_, seconds - seconds_before_);
    std::fprintf(stderr, terminal_ ? "\r\x1b[K%s" : "%s\n", line.c_str());
    shown_ = true;
    before_ = std::move(now);
    seconds_before_ = seconds;
  }
  void end() {
    if (shown_ && terminal_) std::fputs("\r\x1b[K", stderr);
  }

 private:
  bool quiet_, terminal_, shown_ = false;
  metrics::Totals before_;
  double seconds_before_ = 0;
};

double seconds_of(Duration d) { return std::chrono::duration<double>(d).count(); }

/// When a run is asked to end, and when it has to.
class Ending {
 public:
  Ending(TopologyRun& run, const RunArguments& arguments, Duration grace, const Clock& clock)
      : run_(run),
        grace_(grace),
        clock_(clock),
        drain_at_(arguments.duration ? clock.now() + *arguments.duration : TimePoint::max()) {}

  /// True: stop now, whatever is pending.
  bool due() {
    const int signals = signals_.take();
    if (draining_ && signals > 0) return give_up("stopped by a second signal");
    if (!draining_ && (signals > 0 || clock_.now() >= drain_at_)) {
      draining_ = true;
      stop_at_ = clock_.now() + grace_;
      if (signals > 0) log::info("", "stopping: spouts stop, what is pending runs out; again to stop at once");
      run_.drain();
      if (signals > 1) return give_up("stopped by a second signal");
    }
    return draining_ && clock_.now() >= stop_at_ && give_up("what was pending did not run out in time");
  }

 private:
  static bool give_up(const char* why) {
    complain(std::string("stopped at once: ") + why);
    return true;
  }

  StopSignals signals_;
  TopologyRun& run_;
  const Duration grace_;
  const Clock& clock_;
  const TimePoint drain_at_;
  TimePoint stop_at_{};
  bool draining_ = false;
};

int conduct(TopologyRun& run, const RunArguments& arguments, const plan::Plan& plan, const Clock& clock) {
  const TimePoint began = clock.now();
  Ending ending(run, arguments, plan.settings.message_timeout + kStopGrace, clock);
  const ExitGuard guard;
  if (Result<void> started = run.start(); !started) {
    complain(started.error());
    return kUsage;
  }
  Progress progress(arguments.quiet);
  TimePoint shown = began;
  bool cut_short = false;
  while (!cut_short && !run.wait(kLookEvery)) {
    cut_short = ending.due();
    if (clock.now() < shown + progress.every()) continue;
    shown = clock.now();
    progress.show(seconds_of(shown - began), run.totals());
  }
  const double seconds = seconds_of(clock.now() - began);
  progress.end();
  if (const auto failure = run.failed()) {
    complain(failure->text);
    return failure->usage ? kUsage : kFailed;
  }
  const bool over_processes = plan.workers > 1;  // those are killed when they do not end
  const bool stopped = over_processes ? (run.stop(), true) : done_within(kStopMost, [&run] { run.stop(); });
  const metrics::Totals totals = run.totals();
  const Outcome outcome{plan.name, seconds, run.restarts(), run.results_lost()};
  if (arguments.json) {
    std::printf("%s\n", to_json(outcome, totals).c_str());
  } else if (!arguments.quiet) {
    std::fputs(to_text(outcome, totals).c_str(), stdout);
  }
  if (!stopped) abandon(run.running());
  return totals.failed != 0 || outcome.results_lost || cut_short ? kFailed : kOk;
}

/// Becomes gdb with this command in it. One worker: what it should stop at must be in this process.
int under_gdb(const RunArguments& run) {
  if (run.topology.workers.value_or(1) != 1) {
    complain("--gdb runs one process, --workers " + std::to_string(*run.topology.workers) +
             " would start others: leave one of the two out");
    return kUsage;
  }
  std::vector<std::string> command = {
      "gdb", "-q", "-ex", "run", "--args", std::filesystem::read_symlink("/proc/self/exe").string(), "run"};
  const std::vector<std::string> topology = run.topology.to_arguments();
  command.insert(command.end(), topology.begin(), topology.end());
  command.insert(command.end(), {"--workers", "1"});
  if (run.threads) command.insert(command.end(), {"--threads", std::to_string(*run.threads)});
  if (run.duration) command.insert(command.end(), {"--for", std::to_string(seconds_of(*run.duration))});
  if (run.json) command.emplace_back("--json");
  if (run.quiet) command.emplace_back("--quiet");
  std::vector<char*> pointers;
  for (std::string& word : command) pointers.push_back(word.data());
  pointers.push_back(nullptr);
  ::execvp("gdb", pointers.data());
  complain(std::string("gdb cannot be started: ") + std::strerror(errno) + "; is it installed?");
  return kUsage;
}

po::value_semantic* link_option(node::LinkKind& to) {
  const auto read = [&to](const std::string& text) {
    static const std::map<std::string, node::LinkKind> kinds = {
        {"ipc", node::LinkKind::kIpc}, {"tcp", node::LinkKind::kTcp}, {"curve", node::LinkKind::kCurve}};
    const auto it = kinds.find(text);
    if (it == kinds.end()) throw po::error("--link '" + text + "': wants ipc, tcp or curve");
    to = it->second;
  };
  return po::value<std::string>()->value_name("KIND")->notifier(read);
}

class RunCommand final : public Command {
 public:
  RunCommand() {
    add_topology_options(option(), run_.topology);
    add_only_option(option(), run_.topology);
    add_workers_option(option(), run_.topology, "worker processes (1: this one; else the topology's)");
    option()  //
        ("threads", count_option("threads", run_.threads, 1, plan::kMostThreads),
         "pool threads of each worker (default: the topology's, else one a core)")  //
        ("for", time_option("for", run_.duration),
         "lets the spouts stop after that time, then runs out: 500ms, 10s, 5m, 2h")  //
        ("link", link_option(run_.link),
         "how worker processes talk: ipc (default), tcp at 127.0.0.1, or curve: tcp with keys made for this run")  //
        ("port", count_option("port", run_.port, 1, 65535),
         "first port of the links over tcp: worker i has port N+i-1 for data, 100 more for acks (default: free "
         "ones)")                                                                                        //
        ("json", po::bool_switch(&run_.json), "prints the summary as one line of JSON, last on stdout")  //
        ("quiet", po::bool_switch(&run_.quiet), "no progress and no summary")                            //
        ("gdb", po::bool_switch(&run_.gdb),
         "runs it in this one process under gdb, begun; threads bear their tasks' names");
  }
  [[nodiscard]] About about() const override {
    return {.name = "run",
            .summary = "runs a topology to its end",
            .text =
                "Runs a topology until all spouts have finished and nothing is pending. Ctrl-C and TERM let the spouts "
                "stop and\n"
                "the rest run out; a second one stops at once.",
            .operands = {.word = "topology file", .mark = "FILE"},
            .status_1 = "tuples failed for good or final results were lost",
            .status_2 = "bad usage or topology"};
  }
  int run(const std::vector<std::string>& files) override {
    run_.topology.file = files.front();
    if (run_.gdb) return under_gdb(run_);
    log::start(run_.quiet ? log::Level::kError : log::Level::kInfo, "");
    host::PluginSearch search = search_for(run_.topology);
    const plan::PlanOutcome outcome = load(run_.topology, search);
    if (!outcome) {
      std::fputs(plan::report(outcome, run_.topology.file).c_str(), stderr);
      return kUsage;
    }
    const SteadyClock clock;
    const std::unique_ptr<TopologyRun> run = make_run(*outcome.plan, search,
                                                      {.topology = run_.topology,
                                                       .threads = run_.threads.value_or(0),
                                                       .quiet = run_.quiet,
                                                       .link = run_.link,
                                                       .first_port = static_cast<std::uint16_t>(run_.port.value_or(0))},
                                                      clock);
    return conduct(*run, run_, *outcome.plan, clock);
  }

 private:
  RunArguments run_;
};

}  // namespace

std::unique_ptr<Command> run_command() { return std::make_unique<RunCommand>(); }

}  // namespace gale::cli
