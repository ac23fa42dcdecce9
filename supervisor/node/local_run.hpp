// SPDX-License-Identifier: Apache-2.0
//
// LocalRun: a topology over several worker processes of this machine: starts `gale worker` for each place, starts one
// that dies anew as the next incarnation, and ends when every task of every worker has said all.
// It holds no data: worker processes exchange theirs directly, and end with this process (PR_SET_PDEATHSIG).
// Threads: one, its owner's.
#pragma once

#include "engine/base/clock.hpp"
#include "engine/base/result.hpp"
#include "engine/crash/poison.hpp"
#include "engine/plan/plan.hpp"
#include "supervisor/control/channel.hpp"
#include "supervisor/metrics/totals.hpp"
#include "supervisor/node/death.hpp"
#include "supervisor/node/port_keeper.hpp"
#include "supervisor/process/process.hpp"

#include <optional>
#include <string>
#include <vector>

namespace gale::node {

/// How the workers' links go: by unix sockets, over tcp at 127.0.0.1, or that with CURVE, by keys of this run alone.
enum class LinkKind { kIpc, kTcp, kCurve };

struct LocalRunOptions {
  std::string program;  // of gale itself
  std::vector<std::string>
      worker_arguments;  // topology, --set, --plugins: what every worker needs to make the same plan
  LinkKind link = LinkKind::kIpc;
  std::uint16_t first_port = 0;  // over tcp: the first worker's for data, the next one's is one higher, acks 100 above
};

class LocalRun {
 public:
  LocalRun(const plan::Plan& plan, LocalRunOptions options, const Clock& clock);
  ~LocalRun();
  LocalRun(const LocalRun&) = delete;
  LocalRun& operator=(const LocalRun&) = delete;

  Result<void> start();
  /// Handles what happens for at most `most`. True: the run is over, or cannot go on (see failed()).
  bool wait(Duration most);
  [[nodiscard]] metrics::Totals totals() const { return tally_.totals(); }
  /// Why the run cannot go on. `usage`: a task could not start, which is the topology's fault.
  struct Failure {
    std::string text;
    bool usage = false;
  };
  [[nodiscard]] const std::optional<Failure>& failed() const noexcept { return failure_; }
  /// A worker died, or a finish threw, after final results had begun to leave.
  [[nodiscard]] bool results_lost() const noexcept { return results_lost_; }
  [[nodiscard]] std::uint64_t restarts() const noexcept { return restarts_; }
  /// Tells every worker, now and when it is started anew, to let its spouts stop.
  void drain();
  /// Asks the workers to end, and kills those that do not.
  void stop();

 private:
  struct Place {
    std::optional<process::Process> process;
    std::optional<OomKills> oom_kills;
    Incarnation incarnation;
    TimePoint started{}, start_at = TimePoint::max();
    std::uint32_t quick_deaths = 0;
    std::uint64_t suspects_told = 0;  // the number of the list that it has
    bool finishing = false, finished = false, drained = false;
  };
  Result<void> choose_places();
  void launch(std::uint16_t worker);
  void receive();
  void reap();
  void tell_drain(std::uint16_t worker);
  void died(std::uint16_t worker, const process::Exit& exit);
  [[nodiscard]] std::string keep_report(std::uint16_t worker, const Death& death);
  [[nodiscard]] bool blame(const Death& death);
  void write_suspects();
  void tell_suspects(std::uint16_t worker);
  [[nodiscard]] std::string home(std::uint16_t worker) const { return dir_ + "/w" + std::to_string(worker + 1); }
  [[nodiscard]] std::string suspects_file() const { return dir_ + "/suspects"; }
  [[nodiscard]] bool over() const;

  const plan::Plan& plan_;
  const LocalRunOptions options_;
  const Clock& clock_;
  metrics::Tally tally_;
  std::string dir_;
  std::uint64_t token_ = 0;
  std::optional<control::Server> server_;
  std::vector<Place> places_;
  crash::Suspects suspects_;
  std::uint64_t suspects_number_ = 0;
  std::uint32_t reports_ = 0;
  PortKeeper ports_;
  std::vector<std::string> link_arguments_;  // of every worker
  std::optional<Failure> failure_;
  bool results_lost_ = false, draining_ = false;
  std::uint64_t restarts_ = 0;
};

}  // namespace gale::node
