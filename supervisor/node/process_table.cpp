// SPDX-License-Identifier: Apache-2.0
#include "supervisor/node/process_table.hpp"

#include "supervisor/node/log_tail.hpp"
#include "supervisor/process/process.hpp"

#include <csignal>
#include <utility>

namespace gale::node {

ProcessTable::ProcessTable(std::filesystem::path state) : state_(std::move(state)), oom_kills_(host_oom_kills()) {}

Result<ProcessId> ProcessTable::start(std::uint16_t port, const std::vector<std::string>& arguments,
                                      const std::filesystem::path& log) {
  Result<WorkerProcess> process = WorkerProcess::start(arguments, log);
  if (!process) return Failed{process.error()};
  ProcessId id = process->id();
  processes_.insert_or_assign(port, std::move(*process));
  return id;
}

bool ProcessTable::adopt(std::uint16_t port, const ProcessId& process) {
  std::optional<WorkerProcess> adopted = WorkerProcess::adopt(process);
  if (!adopted) return false;
  processes_.insert_or_assign(port, std::move(*adopted));
  return true;
}

void ProcessTable::signal(std::uint16_t port, int number) {
  if (const auto it = processes_.find(port); it != processes_.end()) it->second.signal(number);
}

void ProcessTable::kill_stray(const ProcessId& process) {
  if (const std::optional<WorkerProcess> stray = WorkerProcess::adopt(process)) stray->signal(SIGKILL);
}

std::vector<Ended> ProcessTable::deaths() {
  std::vector<Ended> all;
  for (auto it = processes_.begin(); it != processes_.end();) {
    const std::optional<WorkerProcess::End> end = it->second.ended();
    if (!end) {
      ++it;
      continue;
    }
    all.push_back({it->first, text_of(*end)});
    it = processes_.erase(it);
  }
  return all;
}

/// A worker that the kernel ends for want of memory looks like one that somebody killed, but for the kernel's own
/// count.
std::string ProcessTable::text_of(const WorkerProcess::End& end) {
  if (!end.known) return "how is not known: it was started by an earlier supervisor";
  std::string text = process::Exit{end.signal != 0, end.signal != 0 ? end.signal : end.status}.text();
  const std::uint64_t kills = host_oom_kills();
  if (end.signal == SIGKILL && kills > oom_kills_) text += ", out of memory: the kernel counts a kill for want of it";
  oom_kills_ = kills;
  return text;
}

std::uint64_t ProcessTable::rss_bytes(std::uint16_t port) {
  const auto it = processes_.find(port);
  return it == processes_.end() ? 0 : rss_bytes_of(it->second.id().pid);
}

std::vector<int> ProcessTable::fds() const {
  std::vector<int> all;
  for (const auto& [port, process] : processes_) all.push_back(process.fd());
  return all;
}

}  // namespace gale::node
