// SPDX-License-Identifier: Apache-2.0
#include "supervisor/cli/topology_run.hpp"

#include "engine/crash/handler.hpp"
#include "engine/worker/worker.hpp"

#include <filesystem>
#include <utility>

namespace gale::cli {
namespace {

class InProcess final : public TopologyRun {
 public:
  InProcess(const plan::Plan& plan, host::PluginSearch& search, std::uint32_t threads, const Clock& clock)
      : search_(search),
        tally_(metrics::outline_of(plan)),
        worker_(plan, {.self = WorkerId(0), .incarnation = Incarnation(1), .threads = threads}, clock) {}
  Result<void> start() override {
    crash::install({}, worker_.page());
    return worker_.start(search_);
  }
  bool wait(Duration most) override { return worker_.wait(most); }
  metrics::Totals totals() override {
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
  metrics::Tally tally_;
  worker::Worker worker_;
  bool lost_ = false;
};

class OverProcesses final : public TopologyRun {
 public:
  OverProcesses(const plan::Plan& plan, node::LocalRunOptions options, const Clock& clock)
      : run_(plan, std::move(options), clock) {}
  Result<void> start() override { return run_.start(); }
  bool wait(Duration most) override { return run_.wait(most); }
  metrics::Totals totals() override { return run_.totals(); }
  void drain() override { run_.drain(); }
  void stop() override { run_.stop(); }
  [[nodiscard]] std::optional<node::LocalRun::Failure> failed() const override { return run_.failed(); }
  [[nodiscard]] bool results_lost() const override { return run_.results_lost(); }
  [[nodiscard]] std::uint64_t restarts() const override { return run_.restarts(); }

 private:
  node::LocalRun run_;
};

}  // namespace

std::unique_ptr<TopologyRun> make_run(const plan::Plan& plan, host::PluginSearch& search, const RunOptions& options,
                                      const Clock& clock) {
  if (plan.workers == 1) return std::make_unique<InProcess>(plan, search, options.threads, clock);
  node::LocalRunOptions processes;
  processes.program = std::filesystem::read_symlink("/proc/self/exe").string();
  processes.worker_arguments = options.topology.to_arguments();
  if (options.threads != 0) {
    processes.worker_arguments.insert(processes.worker_arguments.end(), {"--threads", std::to_string(options.threads)});
  }
  if (options.quiet) processes.worker_arguments.emplace_back("--quiet");
  processes.link = options.link;
  processes.first_port = options.first_port;
  return std::make_unique<OverProcesses>(plan, std::move(processes), clock);
}

}  // namespace gale::cli
