// SPDX-License-Identifier: Apache-2.0
//
// gale worker: one worker process of a run; started by `gale run` and `gale supervisor`, not by hand.
#include "engine/worker/worker.hpp"

#include "engine/base/log.hpp"
#include "engine/keys/endpoint.hpp"
#include "engine/keys/security.hpp"
#include "engine/link/endpoints.hpp"
#include "supervisor/cli/bounded_stop.hpp"
#include "supervisor/cli/commands.hpp"
#include "supervisor/cli/exit_guard.hpp"
#include "supervisor/cli/signals.hpp"
#include "supervisor/cli/topology_arguments.hpp"
#include "supervisor/control/channel.hpp"
#include "supervisor/control/peers.hpp"

#include <sys/prctl.h>
#include <unistd.h>
#include <boost/program_options.hpp>

#include <algorithm>
#include <csignal>
#include <cstdio>
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
  std::string dir, control, launch, listen, keys;
  std::vector<std::string> places;  // --place
  std::uint16_t slot = 0;
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

/// What a supervisor has written down for this worker before it started it; of `gale run` there is none.
Result<control::Launch> launch_of(const std::string& path) {
  std::string bytes;
  std::FILE* file = path.empty() ? nullptr : std::fopen(path.c_str(), "rbe");
  if (file == nullptr) return path.empty() ? Result<control::Launch>(control::Launch{}) : Failed{"cannot be opened"};
  char room[4096];
  for (std::size_t n = 0; (n = std::fread(room, 1, sizeof room, file)) > 0;) bytes.append(room, n);
  std::fclose(file);
  return control::decode_launch(bytes);
}

/// When the host's memory runs out, a worker goes before its supervisor does.
void go_first() {
  std::FILE* file = std::fopen("/proc/self/oom_score_adj", "we");
  if (file == nullptr) return;
  std::fputs("300", file);
  std::fclose(file);
}

/// What this worker knows of the others: where they are, and for whom it listens.
class Neighbours {
 public:
  Neighbours(WorkerId self, std::vector<link::Endpoints> places, link::Endpoints for_others)
      : self_(self), places_(std::move(places)), dead_(places_.size()), for_others_(std::move(for_others)) {}
  [[nodiscard]] const std::vector<link::Endpoints>& places() const { return places_; }

  /// Somebody has moved, or died: his next life is looked for at once.
  void follow(worker::Worker& worker, const std::vector<control::PeerPlace>& told) {
    for (const control::PeerPlace& one : told) {
      if (one.place == self_ || one.place.value >= places_.size()) continue;
      const link::Endpoints at{one.data, one.ack};
      if (keys::is_tcp(at.data)) listen(worker);
      link::Endpoints& known = places_[one.place.value];
      Incarnation& dead = dead_[one.place.value];
      if (at == known && one.dead == dead) continue;
      if (const Result<void> moved = worker.peer_moved(one.place, at); !moved) {
        log::warn("link", "worker " + std::to_string(one.place.value + 1) + ": " + moved.error());
        continue;
      }
      known = at;
      dead = one.dead;
    }
  }

 private:
  /// For those of other hosts, once there are some.
  void listen(worker::Worker& worker) {
    if (!for_others_.known()) return;
    if (const Result<void> done = worker.listen(for_others_); !done) {
      log::error("link", done.error() + "; workers of other hosts cannot reach this one");
    }
    for_others_ = {};
  }

  const WorkerId self_;
  std::vector<link::Endpoints> places_;
  std::vector<Incarnation> dead_;
  link::Endpoints for_others_;  // until it listens there
};

class Reporter {
 public:
  Reporter(const WorkerArguments& a)
      : self_(WorkerId(static_cast<std::uint16_t>(a.worker - 1))),
        incarnation_(Incarnation(a.incarnation)),
        slot_(a.slot),
        client_("ipc://" + (a.control.empty() ? a.dir + "/control" : a.control), self_, incarnation_, a.slot) {}
  void report(worker::Report report) {
    control::Message m = message(control::Kind::kReport);
    m.told = heard_;
    m.report = std::move(report);
    client_.send(m);
  }
  void cannot_start(const std::string& why) {
    control::Message m = message(control::Kind::kCannotStart);
    m.why = why;
    client_.send(m);
    client_.close(std::chrono::seconds(2));
  }
  /// Does what it is told; true: stop.
  bool obey(worker::Worker& worker, Neighbours& neighbours) {
    while (const auto m = client_.receive()) {
      if (m->kind == control::Kind::kStop) return true;
      if (m->kind == control::Kind::kPeers) neighbours.follow(worker, m->places);
      follow(worker, m->kind);
      heard_ = std::max(heard_, m->told);
    }
    return false;
  }
  static void follow(worker::Worker& worker, control::Kind kind) {
    if (kind == control::Kind::kDrain) worker.drain();
    if (kind == control::Kind::kActivate) worker.set_active(true);
    if (kind == control::Kind::kDeactivate) worker.set_active(false);
  }
  void close() { client_.close(std::chrono::seconds(2)); }

 private:
  [[nodiscard]] control::Message message(control::Kind kind) const {
    control::Message m;
    m.kind = kind;
    m.worker = self_;
    m.incarnation = incarnation_;
    m.slot = slot_;
    return m;
  }
  WorkerId self_;
  Incarnation incarnation_;
  std::uint16_t slot_;
  std::uint64_t heard_ = 0;  // number of the last order that was followed
  control::Client client_;
};

/// "DATA,ACK"
Result<link::Endpoints> endpoints_of(const std::string& option, const std::string& pair) {
  const auto comma = pair.find(',');
  if (comma == std::string::npos) return Failed{option + " '" + pair + "': wants DATA,ACK, two endpoints"};
  return link::Endpoints{pair.substr(0, comma), pair.substr(comma + 1)};
}

/// Where each worker listens: as it is told, or by unix sockets in the common folder.
Result<std::vector<link::Endpoints>> places_of(const WorkerArguments& a, std::uint16_t workers) {
  if (a.worker < 1 || a.worker > workers)
    return Failed{"--worker " + std::to_string(a.worker) + ": there are " + std::to_string(workers)};
  std::vector<link::Endpoints> places;
  for (std::uint16_t w = 0; w < workers && a.places.empty(); ++w) places.push_back(link::endpoints_in(a.dir, w));
  for (const std::string& place : a.places) {
    Result<link::Endpoints> one = endpoints_of("--place", place);
    if (!one) return Failed{one.error()};
    places.push_back(std::move(*one));
  }
  if (places.size() == workers) return places;
  return Failed{"--place was given " + std::to_string(places.size()) + " times for " + std::to_string(workers) +
                " workers"};
}

int work(const plan::Plan& plan, const WorkerArguments& a, const control::Launch& launch, host::PluginSearch& search,
         Reporter& reporter, StopSignals& term) {
  const SteadyClock clock;
  const Result<std::vector<link::Endpoints>> read = places_of(a, plan.workers);
  if (!read) {
    reporter.cannot_start(read.error());
    return kUsage;
  }
  link::Endpoints for_others;
  if (!a.listen.empty()) {
    Result<link::Endpoints> listen = endpoints_of("--listen", a.listen);
    if (!listen) {
      reporter.cannot_start(listen.error());
      return kUsage;
    }
    for_others = std::move(*listen);
  }
  const WorkerId self(static_cast<std::uint16_t>(a.worker - 1));
  Neighbours neighbours(self, *read, std::move(for_others));
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
                        {.self = self,
                         .incarnation = Incarnation(a.incarnation),
                         .threads = a.threads,
                         .token = a.launch.empty() ? a.token : launch.token,
                         .own = {neighbours.places()[self.value]},
                         .places = neighbours.places(),
                         .security = security,
                         .active = launch.phase == control::Phase::kActive},
                        clock);
  const ExitGuard guard;
  if (Result<void> started = worker.start(search); !started) {
    reporter.cannot_start(started.error());
    return kUsage;
  }
  if (plan.workers > 1) neighbours.follow(worker, launch.places);
  if (launch.phase == control::Phase::kDraining) worker.drain();
  TimePoint next = clock.now();
  std::uint64_t seen = 0;
  bool said_finished = false;
  while (!reporter.obey(worker, neighbours) && term.take() == 0) {
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
    add_tasks_option(option(), a_.topology);
    add_workers_option(option(), a_.topology, "how many there are");
    option()                                                                                                     //
        ("worker", po::value(&a_.worker)->required()->value_name("N"), "this worker's place, from 1")            //
        ("incarnation", po::value(&a_.incarnation)->value_name("N"), "how often this place has been started")    //
        ("dir", po::value(&a_.dir)->required()->value_name("DIR"), "where the sockets are")                      //
        ("control", po::value(&a_.control)->value_name("FILE"), "socket of the starter (default: DIR/control)")  //
        ("slot", po::value(&a_.slot)->value_name("PORT"), "of a supervisor")                                     //
        ("launch", po::value(&a_.launch)->value_name("FILE"), "what the supervisor says beside")                 //
        ("place", po::value(&a_.places)->value_name("DATA,ACK"),
         "where a worker listens, once for each in their order (default: unix sockets in DIR)")  //
        ("listen", po::value(&a_.listen)->value_name("DATA,ACK"),
         "where it listens, too, once there are workers on other hosts")                           //
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
    StopSignals term({SIGTERM});
    if (a_.slot != 0) go_first();
    log::start(a_.quiet ? log::Level::kError : log::Level::kInfo,
               "worker " + std::to_string(a_.worker) + "." + std::to_string(a_.incarnation));
    a_.topology.file = files.front();
    Reporter reporter(a_);
    const Result<control::Launch> launch = launch_of(a_.launch);
    if (!launch) {
      reporter.cannot_start(a_.launch + " " + launch.error());
      return kUsage;
    }
    a_.topology.sets.insert(a_.topology.sets.end(), launch->sets.begin(), launch->sets.end());
    host::PluginSearch search = search_for(a_.topology);
    const plan::PlanOutcome outcome = load(a_.topology, search);
    if (!outcome) {
      reporter.cannot_start(plan::report(outcome, a_.topology.file));
      return kUsage;
    }
    return work(*outcome.plan, a_, *launch, search, reporter, term);
  }

 private:
  WorkerArguments a_;
};

}  // namespace

std::unique_ptr<Command> worker_command() { return std::make_unique<WorkerCommand>(); }

}  // namespace gale::cli
