// SPDX-License-Identifier: Apache-2.0
//
// gale worker: one worker process of a run; started by `gale run` and `gale supervisor`, not by hand.
#include "engine/worker/worker.hpp"

#include "engine/base/log.hpp"
#include "engine/crash/handler.hpp"
#include "supervisor/cli/bounded_stop.hpp"
#include "supervisor/cli/commands.hpp"
#include "supervisor/cli/exit_guard.hpp"
#include "supervisor/cli/launch_file.hpp"
#include "supervisor/cli/topology_arguments.hpp"
#include "supervisor/cli/worker_drain.hpp"
#include "supervisor/cli/worker_network.hpp"
#include "supervisor/cli/worker_record.hpp"
#include "supervisor/cli/worker_reporter.hpp"
#include "supervisor/control/peers.hpp"
#include "supervisor/node/worker_log.hpp"

#include <sys/prctl.h>
#include <sys/resource.h>
#include <unistd.h>
#include <boost/program_options.hpp>

#include <cerrno>
#include <csignal>
#include <cstring>
#include <fstream>
#include <iterator>
#include <utility>
#include <vector>

namespace gale::cli {
namespace po = boost::program_options;
namespace {

constexpr Duration kReportEvery = std::chrono::milliseconds(200);
constexpr Duration kStopEvery = std::chrono::milliseconds(20);  // how often a stop is looked for
constexpr Duration kDrainMore = std::chrono::seconds(1);        // beyond the message timeout, after a TERM
constexpr Duration kSlotDrain =
    std::chrono::seconds(5);    // a supervisor waits a second longer (node::Limits::stop_within)
constexpr int kOomScore = 300;  // of 1000: a worker is killed before whoever starts it anew

struct WorkerArguments {
  TopologyArguments topology;
  std::uint16_t worker = 1, slot = 0;
  std::uint32_t incarnation = 1, threads = 0;
  std::string control, launch, home, suspects;
  WorkerNetworkArguments network;
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

std::string bytes_of(const std::string& path) {
  std::ifstream file(path, std::ios::binary);
  return {std::istreambuf_iterator<char>(file), std::istreambuf_iterator<char>()};
}

/// The kernel that is out of memory takes this process rather than one that nobody starts anew.
void be_killed_first() { std::ofstream("/proc/self/oom_score_adj") << kOomScore; }

void limit_memory(std::uint64_t bytes) {
  if (bytes == 0) return;
  const rlimit limit{bytes, bytes};
  if (::setrlimit(RLIMIT_DATA, &limit) != 0)
    log::warn("", std::string("topology.worker.memory.limit.bytes cannot be set: ") + std::strerror(errno));
}

/// Reports until it is told to stop, or a TERM has drained it.
crash::Ending go_on(worker::Worker& worker, WorkerNeighbours& neighbours, WorkerDrain& drain, WorkerReporter& reporter,
                    const Clock& clock) {
  TimePoint next = clock.now();
  std::uint64_t seen = 0;
  worker::Report said;
  while (!reporter.obey(worker, neighbours)) {
    if (drain.over(said)) return crash::Ending::kDrained;
    const std::uint64_t news = worker.wait_news(seen, kStopEvery);
    const bool due = news != seen || clock.now() >= next;
    seen = news;
    if (!due && said.finished) continue;
    worker::Report report = worker.report();
    if (!due && !report.finished) continue;  // the last frames may have been confirmed meanwhile: told at once
    said = report;
    reporter.report(std::move(report));
    next = clock.now() + kReportEvery;
    worker.look_for_hung();
  }
  return said.finished ? crash::Ending::kFinished : crash::Ending::kStopped;
}

int work(const plan::Plan& plan, const WorkerArguments& a, const control::Launch& launch, host::PluginSearch& search,
         WorkerReporter& reporter, const WorkerRecord& record) {
  const SteadyClock clock;
  Result<WorkerNetwork> network = network_of(a.network, launch, a.worker, plan.workers);
  if (!network) {
    record.write(crash::Ending::kCannotStart, kUsage, network.error());
    reporter.cannot_start(network.error());
    return kUsage;
  }
  const WorkerId self(static_cast<std::uint16_t>(a.worker - 1));
  WorkerNeighbours neighbours(self, *network);
  limit_memory(plan.settings.worker_memory_bytes);
  worker::Worker worker(plan,
                        {.self = self,
                         .incarnation = Incarnation(a.incarnation),
                         .threads = a.threads,
                         .token = a.launch.empty() ? a.token : launch.token,
                         .own = std::move(network->own),
                         .places = std::move(network->places),
                         .security = std::move(network->security),
                         .active = launch.phase == control::Phase::kActive,
                         .crash_page = record.page()},
                        clock);
  crash::install(record.exit(), worker.page());
  WorkerDrain drain(worker, a.slot == 0, a.slot == 0 ? plan.settings.message_timeout + kDrainMore : kSlotDrain, clock);
  const ExitGuard guard(record.exit());
  if (Result<void> started = worker.start(search, crash::Suspects::from_text(bytes_of(a.suspects))); !started) {
    record.write(crash::Ending::kCannotStart, kUsage, started.error());
    reporter.cannot_start(started.error());
    return kUsage;
  }
  neighbours.follow(worker, launch.places);
  if (launch.phase == control::Phase::kDraining) worker.drain();
  const crash::Ending ending = go_on(worker, neighbours, drain, reporter, clock);
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
    add_tasks_option(option(), a_.topology);
    add_workers_option(option(), a_.topology, "how many there are");
    option()                                                                                                     //
        ("worker", po::value(&a_.worker)->required()->value_name("N"), "this worker's place, from 1")            //
        ("incarnation", po::value(&a_.incarnation)->value_name("N"), "how often this place has been started")    //
        ("dir", po::value(&a_.network.dir)->required()->value_name("DIR"), "where the sockets are")              //
        ("control", po::value(&a_.control)->value_name("FILE"), "socket of the starter (default: DIR/control)")  //
        ("slot", po::value(&a_.slot)->value_name("PORT"), "of a supervisor")                                     //
        ("launch", po::value(&a_.launch)->value_name("FILE"), "what the supervisor says beside")                 //
        ("home", po::value(&a_.home)->value_name("DIR"), "its own folder: crash page and exit record")           //
        ("suspects", po::value(&a_.suspects)->value_name("FILE"), "tuples that have crashed workers")            //
        ("place", po::value(&a_.network.places)->value_name("DATA,ACK"),
         "where a worker listens, once for each in their order (default: unix sockets in DIR)")  //
        ("listen", po::value(&a_.network.listen)->value_name("DATA,ACK"),
         "where it listens, too, once there are workers on other hosts")                                   //
        ("keys", po::value(&a_.network.keys)->value_name("DIR"), "the folder of keys for links over tcp")  //
        ("token", po::value(&a_.token)->value_name("N"), "of this run")                                    //
        ("threads", po::value(&a_.threads)->value_name("N"), "pool threads")                               //
        ("parent", po::value(&a_.parent)->value_name("PID"), "ends when that process does")                //
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
    const WorkerRecord record(a_.home, Incarnation(a_.incarnation));
    crash::install(record.exit(), nullptr);
    a_.log.name = "worker " + std::to_string(a_.worker) + "." + std::to_string(a_.incarnation);
    const Result<int> log_fd = a_.log.file.empty() ? Result<int>(STDERR_FILENO) : node::start_worker_log(a_.log);
    if (log_fd) log::start(a_.quiet ? log::Level::kError : log::Level::kInfo, a_.log.name, *log_fd);
    a_.topology.file = files.front();
    WorkerReporter reporter("ipc://" + (a_.control.empty() ? a_.network.dir + "/control" : a_.control),
                            WorkerId(static_cast<std::uint16_t>(a_.worker - 1)), Incarnation(a_.incarnation), a_.slot);
    const auto cannot_start = [&](const std::string& why) {
      record.write(crash::Ending::kCannotStart, kUsage, why);
      reporter.cannot_start(why);
      return kUsage;
    };
    if (!log_fd) return cannot_start(log_fd.error());
    const Result<control::Launch> launch = read_launch(a_.launch);
    if (!launch) return cannot_start(launch.error());
    a_.topology.sets.insert(a_.topology.sets.end(), launch->sets.begin(), launch->sets.end());
    host::PluginSearch search = search_for(a_.topology);
    const plan::PlanOutcome outcome = load(a_.topology, search);
    if (!outcome) return cannot_start(plan::report(outcome, a_.topology.file));
    return work(*outcome.plan, a_, *launch, search, reporter, record);
  }

 private:
  WorkerArguments a_;
};

}  // namespace

std::unique_ptr<Command> worker_command() { return std::make_unique<WorkerCommand>(); }

}  // namespace gale::cli
