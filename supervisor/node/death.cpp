// SPDX-License-Identifier: Apache-2.0
#include "supervisor/node/death.hpp"

#include <csignal>
#include <fstream>
#include <sstream>
#include <utility>

namespace gale::node {
namespace {

/// The number behind a word at the beginning of a line.
std::optional<std::uint64_t> count_in(const std::string& path) {
  std::ifstream file(path);
  std::string word;
  std::uint64_t n = 0;
  for (std::string line; std::getline(file, line);) {
    std::istringstream fields(line);
    if (fields >> word >> n && word == "oom_kill") return n;
  }
  return std::nullopt;
}

/// The file of a process's cgroup that counts, of version 2 or 1.
std::string cgroup_file(pid_t pid) {
  std::ifstream file("/proc/" + std::to_string(pid) + "/cgroup");
  for (std::string line; std::getline(file, line);) {
    const std::size_t first = line.find(':'), second = line.find(':', first + 1);
    if (first == std::string::npos || second == std::string::npos) continue;
    const std::string controllers = "," + line.substr(first + 1, second - first - 1) + ",";
    const std::string path = line.substr(second + 1);
    std::string found;
    if (controllers == ",,") found = "/sys/fs/cgroup" + path + "/memory.events";
    if (controllers.find(",memory,") != std::string::npos)
      found = "/sys/fs/cgroup/memory" + path + "/memory.oom_control";
    if (!found.empty() && count_in(found)) return found;
  }
  return {};
}

/// What the longest call was, of those that a killed process was in.
void look_at_page(const crash::Files& files, Death& death) {
  const std::vector<crash::Running> calls = crash::read_running(files.page());
  for (const crash::Running& one : calls) death.report += one.text() + "\n";
  if (calls.empty()) return;
  death.text += ", " + calls.front().text();
  if (!death.out_of_memory) return;
  death.suspect = crash::tuple_of(calls.front());
  if (calls.front().tuple) death.shown = calls.front().tuple->text();
}

}  // namespace

OomKills::OomKills(pid_t pid) : path_(cgroup_file(pid)), of_machine_(path_.empty()) {
  if (of_machine_) path_ = "/proc/vmstat";
  before_ = count();
}

std::uint64_t OomKills::count() const { return count_in(path_).value_or(0); }

Death learn(const crash::Files& files, const std::optional<process::Exit>& exit, bool out_of_memory) {
  Death death;
  const Result<crash::Exit> record = crash::read_exit(files.exit());
  death.text = exit ? exit->text() : "ended without a word";
  if (record) {
    death.ending = record->ending;
    death.suspect = crash::suspect_of(*record);
    death.unsure = crash::unsure_of(*record);
    if (record->ending == crash::Ending::kCrash) {
      death.text = crash::signal_name(record->signal) + " " + record->running.text();
      if (record->hung) death.text += ", whose call did not return (topology.task.hang.secs)";
      if (record->running.tuple) death.shown = record->running.tuple->text();
      death.report = crash::report(*record);
    } else {
      if (!exit) death.text = "exit status " + std::to_string(record->status);
      if (!record->why.empty()) death.text += ": " + record->why;
    }
  } else if (!exit || (exit->by_signal && exit->code == SIGKILL)) {
    death.out_of_memory = out_of_memory;
    if (out_of_memory) death.text += ", by the kernel: out of memory";
    look_at_page(files, death);
  }
  return death;
}

}  // namespace gale::node
