// SPDX-License-Identifier: Apache-2.0
//
// gale worker: one worker process of a run; started by `gale run` and `gale supervisor`, not by hand.
#include "engine/worker/worker.hpp"

#include "engine/base/log.hpp"
#include "engine/crash/handler.hpp"
#include "engine/crash/record.hpp"
#include "supervisor/cli/bounded_stop.hpp"
#include "supervisor/cli/commands.hpp"
#include "supervisor/cli/exit_guard.hpp"
#include "supervisor/cli/signals.hpp"
#include "supervisor/cli/topology_arguments.hpp"
#include "supervisor/control/channel.hpp"
#include "supervisor/node/worker_log.hpp"

#include <sys/prctl.h>
#include <sys/resource.h>
#include <unistd.h>
#include <boost/program_options.hpp>

#include <algorithm>
#include <cerrno>
#include <csignal>
#include <cstring>
#include <fstream>
#include <iterator>

namespace gale::cli {
namespace po = boost::program_options;
namespace {

constexpr Duration kReportEvery = std::chrono::milliseconds(200);
constexpr Duration kStopEvery = std::chrono::milliseconds(20);   // how often a stop is looked for
constexpr Duration kDrainMore = std::chrono::seconds(1);         // beyond the message timeout, after a TERM
constexpr Duration kLastWords = std::chrono::milliseconds(200);  // all is said, but peers may want it confirmed
constexpr int kOomScore = 300;  // of 1000: a worker is killed before whoever starts it anew

struct WorkerArguments {
  TopologyArguments topology;
  std::uint16_t worker = 1;
  std::uint32_t incarnation = 1, threads = 0;
  std::string dir, home, suspects;
  std::uint64_t token = 0;
  pid_t parent = 0;
  bool quiet = false;
  node::WorkerLogOptions log;
};

/// This process ends with the one that started it. False: that one is gone already.
bool live_with(pid_t parent) {
  if (parent == 0) return true;
  ::prctl(PR_SET_PDEATHSIG, SIGKILL);
  return ::getppid() == parent;
}

/// The kernel that is out of memory takes this process rather than one that nobody starts anew.
void be_killed_first() { std::ofstream("/proc/self/oom_score_adj") << kOomScore; }

void limit_memory(std::uint64_t bytes) {
  if (bytes == 0) return;
  const rlimit limit{bytes, bytes};
  if (::setrlimit(RLIMIT_DATA, &limit) != 0)
    log::warn("", std::string("topology.worker.memory.limit.bytes cannot be set: ") + std::strerror(errno));
}

crash::Suspects read_suspects(const std::string& path) {
  std::ifstream file(path, std::ios::binary);
  const std::string text((std::istreambuf_iterator<char>(file)), std::istreambuf_iterator<char>());
  return crash::Suspects::from_text(text);
}

/// What this process leaves behind when it ends; nothing when it was given no place for it.
class Record {
 public:
  explicit Record(const WorkerArguments& a) {
    if (a.home.empty()) return;
    const crash::Files files{a.home, Incarnation(a.incarnation)};
    exit_ = files.exit();
    page_ = files.page();
  }
  [[nodiscard]] const std::string& exit() const { return exit_; }
  [[nodiscard]] const std::string& page() const { return page_; }
  void write(crash::Ending ending, int status, const std::string& why = {}) const {
    if (exit_.empty()) return;
    if (Result<void> written = crash::write_exit(exit_, ending, status, why); !written) log::warn("", written.error());
  }

 private:
  std::string exit_, page_;
};

class Reporter {
 public:
  Reporter(const WorkerArguments& a)
      : self_(WorkerId(static_cast<std::uint16_t>(a.worker - 1))),
        incarnation_(Incarnation(a.incarnation)),
        client_("ipc://" + a.dir + "/control", self_, incarnation_) {}
  void report(worker::Report report) {
    control::Message m;
    m.kind = control::Kind::kReport;
    m.worker = self_;
    m.incarnation = incarnation_;
    m.report = std::move(report);
    client_.send(m);
  }
  void cannot_start(const std::string& why) {
    control::Message m;
    m.kind = control::Kind::kCannotStart;
    m.worker = self_;
    m.incarnation = incarnation_;
    m.why = why;
    client_.send(m);
    client_.close(std::chrono::seconds(2));
  }
  /// Does what it is told; true: stop.
  bool obey(worker::Worker& worker) {
    while (const auto m = client_.receive()) {
      if (m->kind == control::Kind::kStop) return true;
      if (m->kind == control::Kind::kDrain) worker.drain();
      if (m->kind == control::Kind::kSuspects) worker.avoid(crash::Suspects::from_text(m->suspects));
    }
    return false;
  }
  void close() { client_.close(std::chrono::milliseconds(500)); }

 private:
  WorkerId self_;
  Incarnation incarnation_;
  control::Client client_;
};

/// When a TERM has come: how long what is pending may run out.
class Drain {
 public:
  Drain(worker::Worker& worker, Duration most, const Clock& clock) : worker_(worker), most_(most), clock_(clock) {}
  /// True: it has run out, or has not in time.
  bool over(bool finished) {
    if (signals_.take() > 0 && !begun_) {
      begun_ = true;
      until_ = clock_.now() + most_;
      log::info("", "TERM: spouts stop, what is pending runs out");
      worker_.drain();
    }
    if (begun_ && finished && !finished_) {
      finished_ = true;
      until_ = std::min(until_, clock_.now() + kLastWords);
    }
    return begun_ && clock_.now() >= until_;
  }
  [[nodiscard]] bool begun() const noexcept { return begun_; }

 private:
  StopSignals signals_{SIGTERM};
  worker::Worker& worker_;
  const Duration most_;
  const Clock& clock_;
  bool begun_ = false, finished_ = false;
  TimePoint until_{};
};

/// Reports until it is told to stop, or a TERM has drained it.
crash::Ending go_on(worker::Worker& worker, Drain& drain, Reporter& reporter, const Clock& clock) {
  TimePoint next = clock.now();
  std::uint64_t seen = 0;
  bool said_finished = false;
  while (!reporter.obey(worker)) {
    if (drain.over(said_finished)) return crash::Ending::kDrained;
    const std::uint64_t news = worker.wait_news(seen, kStopEvery);
    const bool due = news != seen || clock.now() >= next;
    seen = news;
    if (!due && said_finished) continue;
    worker::Report report = worker.report();
    if (!due && !report.finished) continue;  // the last frames may have been confirmed meanwhile: told at once
    said_finished = report.finished;
    reporter.report(std::move(report));
    next = clock.now() + kReportEvery;
    worker.look_for_hung();
  }
  return said_finished ? crash::Ending::kFinished : crash::Ending::kStopped;
}

int work(const plan::Plan& plan, const WorkerArguments& a, host::PluginSearch& search, Reporter& reporter,
         const Record& record) {
  const SteadyClock clock;
  limit_memory(plan.settings.worker_memory_bytes);
  worker::Worker worker(plan,
                        {.self = WorkerId(static_cast<std::uint16_t>(a.worker - 1)),
                         .incarnation = Incarnation(a.incarnation),
                         .threads = a.threads,
                         .link_dir = a.dir,
                         .token = a.token,
                         .crash_page = record.page()},
                        clock);
  crash::install(record.exit(), worker.page());
  Drain drain(worker, plan.settings.message_timeout + kDrainMore, clock);
  const ExitGuard guard(record.exit());
  if (Result<void> started = worker.start(search, read_suspects(a.suspects)); !started) {
    record.write(crash::Ending::kCannotStart, kUsage, started.error());
    reporter.cannot_start(started.error());
    return kUsage;
  }
  const crash::Ending ending = go_on(worker, drain, reporter, clock);
  const bool stopped = done_within(kStopMost, [&worker] { worker.stop(); });
  reporter.report(worker.report());
  reporter.close();
  if (!stopped) {
    record.write(crash::Ending::kFailed, kFailed, "user code did not return when the worker stopped");
    abandon(worker.running());
  }
  record.write(ending, kOk);
  return kOk;
}

class WorkerCommand final : public Command {
 public:
  WorkerCommand() {
    add_topology_options(option(), a_.topology);
    add_only_option(option(), a_.topology);
    add_workers_option(option(), a_.topology, "how many there are");
    option()                                                                                                   //
        ("worker", po::value(&a_.worker)->required()->value_name("N"), "this worker's place, from 1")          //
        ("incarnation", po::value(&a_.incarnation)->value_name("N"), "how often this place has been started")  //
        ("dir", po::value(&a_.dir)->required()->value_name("DIR"), "where the sockets are")                    //
        ("home", po::value(&a_.home)->value_name("DIR"), "its own folder: crash page and exit record")         //
        ("suspects", po::value(&a_.suspects)->value_name("FILE"), "tuples that have crashed workers")          //
        ("token", po::value(&a_.token)->value_name("N"), "of this run")                                        //
        ("threads", po::value(&a_.threads)->value_name("N"), "pool threads")                                   //
        ("parent", po::value(&a_.parent)->value_name("PID"), "ends when that process does")                    //
        ("log", po::value(&a_.log.file)->value_name("FILE"),
         "writes its log there, with all that plugins write to stdout and stderr")                           //
        ("log-max-bytes", po::value(&a_.log.max_bytes)->value_name("N"), "of one file of the log (10 MiB)")  //
        ("log-files", po::value(&a_.log.files)->value_name("N"), "how many files the log has at most (5)")   //
        ("quiet", po::bool_switch(&a_.quiet), "logs errors only");
  }
  [[nodiscard]] About about() const override {
    return {.name = "worker",
            .summary = "one worker process of a run; started by gale itself",
            .text = "One worker process of a run. Started by gale run; not for hands.",
            .operands = {.word = "topology file", .mark = "FILE"},
            .status_2 = "bad usage or topology",
            .internal = true};
  }
  int run(const std::vector<std::string>& files) override {
    if (!live_with(a_.parent)) return kOk;
    std::signal(SIGPIPE, SIG_IGN);
    std::signal(SIGINT,
                SIG_IGN);  // a terminal's Ctrl-C comes to the whole group; what it means is for the starter to say
    be_killed_first();
    const Record record(a_);
    crash::install(record.exit(), nullptr);
    a_.log.name = "worker " + std::to_string(a_.worker) + "." + std::to_string(a_.incarnation);
    const Result<int> log_fd = a_.log.file.empty() ? Result<int>(STDERR_FILENO) : node::start_worker_log(a_.log);
    if (log_fd) log::start(a_.quiet ? log::Level::kError : log::Level::kInfo, a_.log.name, *log_fd);
    a_.topology.file = files.front();
    Reporter reporter(a_);
    if (!log_fd) {
      record.write(crash::Ending::kCannotStart, kUsage, log_fd.error());
      reporter.cannot_start(log_fd.error());
      return kUsage;
    }
    host::PluginSearch search = search_for(a_.topology);
    const plan::PlanOutcome outcome = load(a_.topology, search);
    if (!outcome) {
      record.write(crash::Ending::kCannotStart, kUsage, plan::report(outcome, a_.topology.file));
      reporter.cannot_start(plan::report(outcome, a_.topology.file));
      return kUsage;
    }
    return work(*outcome.plan, a_, search, reporter, record);
  }

 private:
  WorkerArguments a_;
};

}  // namespace

std::unique_ptr<Command> worker_command() { return std::make_unique<WorkerCommand>(); }

}  // namespace gale::cli
