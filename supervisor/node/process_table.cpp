// SPDX-License-Identifier: Apache-2.0
#include "supervisor/node/process_table.hpp"

#include "supervisor/node/log_tail.hpp"

#include <csignal>

namespace gale::node {

Result<ProcessId> ProcessTable::start(std::uint16_t port, const std::vector<std::string>& arguments,
                                      const std::filesystem::path& log) {
  Result<WorkerProcess> process = WorkerProcess::start(arguments, log);
  if (!process) return Failed{process.error()};
  ProcessId id = process->id();
  processes_.insert_or_assign(port, One{std::move(*process), OomKills(static_cast<pid_t>(id.pid))});
  return id;
}

bool ProcessTable::adopt(std::uint16_t port, const ProcessId& process) {
  std::optional<WorkerProcess> adopted = WorkerProcess::adopt(process);
  if (!adopted) return false;
  processes_.insert_or_assign(port, One{std::move(*adopted), OomKills(static_cast<pid_t>(process.pid))});
  return true;
}

void ProcessTable::signal(std::uint16_t port, int number) {
  if (const auto it = processes_.find(port); it != processes_.end()) it->second.process.signal(number);
}

void ProcessTable::kill_stray(const ProcessId& process) {
  if (const std::optional<WorkerProcess> stray = WorkerProcess::adopt(process)) stray->signal(SIGKILL);
}

std::vector<Ended> ProcessTable::deaths() {
  std::vector<Ended> all;
  for (auto it = processes_.begin(); it != processes_.end();) {
    const std::optional<WorkerProcess::End> end = it->second.process.ended();
    if (!end) {
      ++it;
      continue;
    }
    Ended& one = all.emplace_back();
    one.port = it->first;
    if (end->known) one.exit = process::Exit{end->signal != 0, end->signal != 0 ? end->signal : end->status};
    one.out_of_memory = (!end->known || end->signal == SIGKILL) && it->second.kills.more();
    it = processes_.erase(it);
  }
  return all;
}

std::uint64_t ProcessTable::rss_bytes(std::uint16_t port) {
  const auto it = processes_.find(port);
  return it == processes_.end() ? 0 : rss_bytes_of(it->second.process.id().pid);
}

std::vector<int> ProcessTable::fds() const {
  std::vector<int> all;
  for (const auto& [port, one] : processes_) all.push_back(one.process.fd());
  return all;
}

}  // namespace gale::node
