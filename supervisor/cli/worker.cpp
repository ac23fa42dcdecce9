// SPDX-License-Identifier: Apache-2.0
//
// gale worker: one worker process of a run; started by `gale run` and `gale supervisor`, not by hand.
#include "engine/worker/worker.hpp"

#include "engine/base/log.hpp"
#include "supervisor/cli/bounded_stop.hpp"
#include "supervisor/cli/commands.hpp"
#include "supervisor/cli/exit_guard.hpp"
#include "supervisor/cli/topology_arguments.hpp"
#include "supervisor/control/channel.hpp"

#include <sys/prctl.h>
#include <unistd.h>
#include <boost/program_options.hpp>

#include <csignal>
#include <optional>
#include <utility>
#include <vector>

namespace gale::cli {
namespace po = boost::program_options;
namespace {

constexpr Duration kReportEvery = std::chrono::milliseconds(200);
constexpr Duration kStopEvery = std::chrono::milliseconds(20);  // how often a stop is looked for

struct WorkerArguments {
  TopologyArguments topology;
  std::uint16_t worker = 1;
  std::uint32_t incarnation = 1, threads = 0;
  std::string dir, keys;
  std::vector<std::string> places;  // --place
  std::uint64_t token = 0;
  pid_t parent = 0;
  bool quiet = false;
};

/// This process ends with the one that started it. False: that one is gone already.
bool live_with(pid_t parent) {
  if (parent == 0) return true;
  ::prctl(PR_SET_PDEATHSIG, SIGKILL);
  return ::getppid() == parent;
}

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
    }
    return false;
  }
  void close() { client_.close(std::chrono::seconds(2)); }

 private:
  WorkerId self_;
  Incarnation incarnation_;
  control::Client client_;
};

/// Where each worker listens: as it is told, or by unix sockets in the common folder.
Result<std::vector<link::Endpoints>> places_of(const WorkerArguments& a, std::uint16_t workers) {
  if (a.worker < 1 || a.worker > workers)
    return Failed{"--worker " + std::to_string(a.worker) + ": there are " + std::to_string(workers)};
  std::vector<link::Endpoints> places;
  for (std::uint16_t w = 0; w < workers && a.places.empty(); ++w) places.push_back(link::endpoints_in(a.dir, w));
  for (const std::string& place : a.places) {
    const auto comma = place.find(',');
    if (comma == std::string::npos) return Failed{"--place '" + place + "': wants DATA,ACK, two endpoints"};
    places.push_back({place.substr(0, comma), place.substr(comma + 1)});
  }
  if (places.size() == workers) return places;
  return Failed{"--place was given " + std::to_string(places.size()) + " times for " + std::to_string(workers) +
                " workers"};
}

int work(const plan::Plan& plan, const WorkerArguments& a, host::PluginSearch& search, Reporter& reporter) {
  const SteadyClock clock;
  const Result<std::vector<link::Endpoints>> read = places_of(a, plan.workers);
  if (!read) {
    reporter.cannot_start(read.error());
    return kUsage;
  }
  const std::vector<link::Endpoints>& places = *read;
  std::optional<keys::Security> security;
  if (!a.keys.empty()) {
    Result<keys::Security> secured = keys::read_security(a.keys, keys::Role::kWorker, keys::Role::kWorker);
    if (!secured) {
      reporter.cannot_start(secured.error());
      return kUsage;
    }
    security = std::move(*secured);
  }
  worker::Worker worker(plan,
                        {.self = WorkerId(static_cast<std::uint16_t>(a.worker - 1)),
                         .incarnation = Incarnation(a.incarnation),
                         .threads = a.threads,
                         .token = a.token,
                         .own = {places[a.worker - 1u]},
                         .places = places,
                         .security = security},
                        clock);
  const ExitGuard guard;
  if (Result<void> started = worker.start(search); !started) {
    reporter.cannot_start(started.error());
    return kUsage;
  }
  TimePoint next = clock.now();
  std::uint64_t seen = 0;
  bool said_finished = false;
  while (!reporter.obey(worker)) {
    const std::uint64_t news = worker.wait_news(seen, kStopEvery);
    const bool due = news != seen || clock.now() >= next;
    seen = news;
    if (!due && said_finished) continue;
    worker::Report report = worker.report();
    if (!due && !report.finished) continue;  // the last frames may have been confirmed meanwhile: told at once
    said_finished = report.finished;
    reporter.report(std::move(report));
    next = clock.now() + kReportEvery;
  }
  const bool stopped = done_within(kStopMost, [&worker] { worker.stop(); });
  reporter.report(worker.report());
  reporter.close();
  if (!stopped) abandon(worker.running());
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
        ("place", po::value(&a_.places)->value_name("DATA,ACK"),
         "where a worker listens, once for each in their order (default: unix sockets in DIR)")    //
        ("keys", po::value(&a_.keys)->value_name("DIR"), "the folder of keys for links over tcp")  //
        ("token", po::value(&a_.token)->value_name("N"), "of this run")                            //
        ("threads", po::value(&a_.threads)->value_name("N"), "pool threads")                       //
        ("parent", po::value(&a_.parent)->value_name("PID"), "ends when that process does")        //
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
    log::start(a_.quiet ? log::Level::kError : log::Level::kInfo,
               "worker " + std::to_string(a_.worker) + "." + std::to_string(a_.incarnation));
    a_.topology.file = files.front();
    Reporter reporter(a_);
    host::PluginSearch search = search_for(a_.topology);
    const plan::PlanOutcome outcome = load(a_.topology, search);
    if (!outcome) {
      reporter.cannot_start(plan::report(outcome, a_.topology.file));
      return kUsage;
    }
    return work(*outcome.plan, a_, search, reporter);
  }

 private:
  WorkerArguments a_;
};

}  // namespace

std::unique_ptr<Command> worker_command() { return std::make_unique<WorkerCommand>(); }

}  // namespace gale::cli
