// SPDX-License-Identifier: Apache-2.0
//
// gale run FILE: runs a topology to its end, in this process or over several worker processes.
#include "engine/base/log.hpp"
#include "engine/worker/worker.hpp"
#include "supervisor/cli/bounded_stop.hpp"
#include "supervisor/cli/common.hpp"
#include "supervisor/cli/exit_guard.hpp"
#include "supervisor/cli/signals.hpp"
#include "supervisor/cli/summary.hpp"
#include "supervisor/node/local_run.hpp"

#include <unistd.h>
#include <boost/program_options.hpp>

#include <cerrno>
#include <cstdio>
#include <cstring>
#include <filesystem>
#include <memory>

namespace gale::cli {
namespace po = boost::program_options;
namespace {

struct RunArguments {
  TopologyArguments topology;
  std::uint32_t threads = 0;
  bool json = false, quiet = false, gdb = false;
  std::optional<Duration> duration;  // --for
};

constexpr Duration kLookEvery = std::chrono::milliseconds(50);  // at signals and the clock
constexpr Duration kStopGrace = std::chrono::seconds(10);       // beyond the message timeout

/// What a run looks like from here, wherever its tasks are.
class Run {
 public:
  virtual ~Run() = default;
  virtual Result<void> start() = 0;
  /// True: over, or it cannot go on.
  virtual bool wait(Duration most) = 0;
  virtual node::Totals totals() = 0;
  /// Spouts stop; the run then ends by itself.
  virtual void drain() = 0;
  virtual void stop() = 0;
  /// The tasks of this process whose user code runs now.
  [[nodiscard]] virtual std::vector<std::string> running() { return {}; }
  [[nodiscard]] virtual std::optional<node::LocalRun::Failure> failed() const { return std::nullopt; }
  [[nodiscard]] virtual bool results_lost() const = 0;
  [[nodiscard]] virtual std::uint64_t restarts() const { return 0; }
};

class InProcess final : public Run {
 public:
  InProcess(const plan::Plan& plan, host::PluginSearch& search, const RunArguments& arguments, const Clock& clock)
      : search_(search),
        tally_(plan),
        worker_(plan,
                {.self = WorkerId(0), .incarnation = Incarnation(1), .threads = arguments.threads, .link_dir = {}},
                clock) {}
  Result<void> start() override { return worker_.start(search_); }
  bool wait(Duration most) override { return worker_.wait(most); }
  node::Totals totals() override {
    worker::Report report = worker_.report();
    lost_ = lost_ || report.results_lost;
    tally_.update(WorkerId(0), Incarnation(1), std::move(report));
    return tally_.totals();
  }
  void drain() override { worker_.drain(); }
  void stop() override { worker_.stop(); }
  [[nodiscard]] std::vector<std::string> running() override { return worker_.running(); }
  [[nodiscard]] bool results_lost() const override { return lost_; }

 private:
  host::PluginSearch& search_;
  node::Tally tally_;
  worker::Worker worker_;
  bool lost_ = false;
};

class OverProcesses final : public Run {
 public:
  OverProcesses(const plan::Plan& plan, node::LocalRunOptions options, const Clock& clock)
      : run_(plan, std::move(options), clock) {}
  Result<void> start() override { return run_.start(); }
  bool wait(Duration most) override { return run_.wait(most); }
  node::Totals totals() override { return run_.totals(); }
  void drain() override { run_.drain(); }
  void stop() override { run_.stop(); }
  [[nodiscard]] std::optional<node::LocalRun::Failure> failed() const override { return run_.failed(); }
  [[nodiscard]] bool results_lost() const override { return run_.results_lost(); }
  [[nodiscard]] std::uint64_t restarts() const override { return run_.restarts(); }

 private:
  node::LocalRun run_;
};

/// A line a second over itself on a terminal, a line every five elsewhere.
class Progress {
 public:
  explicit Progress(bool quiet) : quiet_(quiet), terminal_(::isatty(STDERR_FILENO) != 0) {}
  [[nodiscard]] Duration every() const { return terminal_ ? std::chrono::seconds(1) : std::chrono::seconds(5); }
  void show(double seconds, node::Totals now) {
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
  node::Totals before_;
  double seconds_before_ = 0;
};

double seconds_of(Duration d) { return std::chrono::duration<double>(d).count(); }

/// When a run is asked to end, and when it has to.
class Ending {
 public:
  Ending(Run& run, const RunArguments& arguments, Duration grace, const Clock& clock)
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
  Run& run_;
  const Duration grace_;
  const Clock& clock_;
  const TimePoint drain_at_;
  TimePoint stop_at_{};
  bool draining_ = false;
};

int conduct(Run& run, const RunArguments& arguments, const plan::Plan& plan, const Clock& clock) {
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
    return failure->usage ? kUsage : kTuplesFailed;
  }
  const bool over_processes = plan.workers > 1;  // those are killed when they do not end
  const bool stopped = over_processes ? (run.stop(), true) : stop_within(kStopMost, [&run] { run.stop(); });
  const node::Totals totals = run.totals();
  const Outcome outcome{plan.name, seconds, run.restarts(), run.results_lost()};
  if (arguments.json) {
    std::printf("%s\n", to_json(outcome, totals).c_str());
  } else if (!arguments.quiet) {
    std::fputs(to_text(outcome, totals).c_str(), stdout);
  }
  if (!stopped) abandon(run.running());
  return totals.failed != 0 || outcome.results_lost || cut_short ? kTuplesFailed : kOk;
}

/// Becomes gdb with this command in it. One worker: what it should stop at must be in this process.
int under_gdb(const std::vector<std::string>& arguments) {
  std::vector<std::string> command = {
      "gdb", "-q", "-ex", "run", "--args", std::filesystem::read_symlink("/proc/self/exe").string(), "run"};
  for (const std::string& argument : arguments) {
    if (argument != "--gdb") command.push_back(argument);
  }
  command.insert(command.end(), {"--workers", "1"});
  std::vector<char*> pointers;
  for (std::string& word : command) pointers.push_back(word.data());
  pointers.push_back(nullptr);
  ::execvp("gdb", pointers.data());
  complain(std::string("gdb cannot be started: ") + std::strerror(errno) + "; is it installed?");
  return kUsage;
}

}  // namespace

int run_command(const std::vector<std::string>& arguments) {
  RunArguments run;
  std::vector<std::string> files;
  po::options_description options("Options");
  std::uint32_t workers = 0;
  std::string duration;
  add_options(options, run.topology);
  options.add_options()                                                                                         //
      ("workers", po::value(&workers)->value_name("N"), "worker processes (1: this one; else the topology's)")  //
      ("threads", po::value(&run.threads)->value_name("N"),
       "pool threads of each worker (default: the topology's, else one a core)")  //
      ("for", po::value(&duration)->value_name("TIME"),
       "lets the spouts stop after that time, then runs out: 500ms, 10s, 5m, 2h")                     //
      ("json", po::bool_switch(&run.json), "prints the summary as one line of JSON, last on stdout")  //
      ("quiet", po::bool_switch(&run.quiet), "no progress and no summary")                            //
      ("gdb", po::bool_switch(&run.gdb),
       "runs it in this one process under gdb, begun; threads bear their tasks' names");
  const CommandLine line{
      "gale run FILE [options]",
      "Runs a topology until all spouts have finished and nothing is pending. Ctrl-C and TERM let the spouts stop and\n"
      "the rest run out; a second one stops at once.\n"
      "Exit status: 0 ok, 1 tuples failed for good or final results were lost, 2 bad usage or topology.",
      options};
  if (const auto over = parse(line, arguments, &files)) return *over;
  if (files.size() != 1) {
    complain("one topology at a time, not " + std::to_string(files.size()) + "; usage: " + line.usage);
    return kUsage;
  }
  if (run.gdb) return under_gdb(arguments);
  if (!duration.empty()) {
    run.duration = parse_duration(duration);
    if (!run.duration) {
      complain("--for " + duration + ": not a time; write 500ms, 10s, 5m or 2h");
      return kUsage;
    }
  }
  run.topology.file = files.front();
  if (workers != 0) run.topology.workers = workers;
  log::start(run.quiet ? log::Level::kError : log::Level::kInfo, "");
  host::PluginSearch search = search_for(run.topology);
  const plan::PlanOutcome outcome = load(run.topology, search);
  if (!outcome) {
    std::fputs(plan::report(outcome, run.topology.file).c_str(), stderr);
    return kUsage;
  }
  const SteadyClock clock;
  std::unique_ptr<Run> one;
  if (outcome.plan->workers == 1) {
    one = std::make_unique<InProcess>(*outcome.plan, search, run, clock);
  } else {
    node::LocalRunOptions node_options;
    node_options.program = std::filesystem::read_symlink("/proc/self/exe").string();
    node_options.worker_arguments = run.topology.to_arguments();
    if (run.threads != 0)
      node_options.worker_arguments.insert(node_options.worker_arguments.end(),
                                           {"--threads", std::to_string(run.threads)});
    if (run.quiet) node_options.worker_arguments.emplace_back("--quiet");
    one = std::make_unique<OverProcesses>(*outcome.plan, std::move(node_options), clock);
  }
  return conduct(*one, run, *outcome.plan, clock);
}

}  // namespace gale::cli
