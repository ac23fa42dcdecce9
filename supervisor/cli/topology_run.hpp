// SPDX-License-Identifier: Apache-2.0
//
// TopologyRun: a plan under way, in this process or over several worker processes.
#pragma once

#include "engine/base/clock.hpp"
#include "supervisor/cli/topology_arguments.hpp"
#include "supervisor/metrics/totals.hpp"
#include "supervisor/node/local_run.hpp"

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <vector>

namespace gale::cli {

/// What a run looks like from here, wherever its tasks are.
class TopologyRun {
 public:
  virtual ~TopologyRun() = default;
  virtual Result<void> start() = 0;
  /// True: over, or it cannot go on.
  virtual bool wait(Duration most) = 0;
  virtual metrics::Totals totals() = 0;
  /// Spouts stop; the run then ends by itself.
  virtual void drain() = 0;
  virtual void stop() = 0;
  /// The tasks of this process whose user code runs now.
  [[nodiscard]] virtual std::vector<std::string> running() { return {}; }
  [[nodiscard]] virtual std::optional<node::LocalRun::Failure> failed() const { return std::nullopt; }
  [[nodiscard]] virtual bool results_lost() const = 0;
  [[nodiscard]] virtual std::uint64_t restarts() const { return 0; }
};

struct RunOptions {
  const TopologyArguments& topology;  ///< for the workers' command lines
  std::uint32_t threads = 0;          ///< 0: the plan's
  bool quiet = false;
  node::LinkKind link = node::LinkKind::kIpc;
  std::uint16_t first_port = 0;  ///< 0: the system chooses
};

/// One worker runs in this process. All that is passed in outlives the run.
[[nodiscard]] std::unique_ptr<TopologyRun> make_run(const plan::Plan& plan, host::PluginSearch& search,
                                                    const RunOptions& options, const Clock& clock);

}  // namespace gale::cli
