// SPDX-License-Identifier: Apache-2.0
//
// ProcessTable: the real worker processes of a supervisor, one a port. Owned by one thread.
#pragma once

#include "supervisor/node/death.hpp"
#include "supervisor/node/seams.hpp"
#include "supervisor/node/worker_process.hpp"

#include <cstdint>
#include <filesystem>
#include <map>
#include <string>
#include <utility>
#include <vector>

namespace gale::node {

class ProcessTable final : public Processes {
 public:
  /// `state`: the folder whose workers find() finds.
  explicit ProcessTable(std::filesystem::path state) : state_(std::move(state)) {}

  Result<ProcessId> start(std::uint16_t port, const std::vector<std::string>& arguments,
                          const std::filesystem::path& log) override;
  bool adopt(std::uint16_t port, const ProcessId& process) override;
  std::vector<FoundWorker> find() override { return find_workers(state_); }
  void signal(std::uint16_t port, int number) override;
  void kill_stray(const ProcessId& process) override;
  std::vector<Ended> deaths() override;
  std::uint64_t rss_bytes(std::uint16_t port) override;
  /// To wait on for deaths.
  [[nodiscard]] std::vector<int> fds() const;

 private:
  struct One {
    WorkerProcess process;
    OomKills kills;
  };
  std::filesystem::path state_;
  std::map<std::uint16_t, One> processes_;
};

}  // namespace gale::node
