// SPDX-License-Identifier: Apache-2.0
#include "tests/cluster/checker/run_facts.hpp"

#include "tests/cluster/format.hpp"

#include <algorithm>
#include <cstdio>
#include <filesystem>
#include <fstream>
#include <map>
#include <sstream>
#include <stdexcept>
#include <tuple>

namespace ledger {
namespace {

template <class Fn>
void for_each_text_line(const std::string& path, bool required, Fn&& fn) {
  std::ifstream file(path);
  if (!file) {
    if (required) throw std::runtime_error("cannot read '" + path + "'");
    return;
  }
  std::string text;
  for (int number = 1; std::getline(file, text); ++number) {
    std::istringstream line(text);
    if (!text.empty() && text[0] != '#' && !fn(line)) {
      throw std::runtime_error(path + ":" + std::to_string(number) + ": cannot read '" + text + "'");
    }
  }
}

Settings read_settings(const std::string& path) {
  Settings s;
  const std::map<std::string, std::uint64_t*> keys = {{"sources", &s.sources},
                                                      {"last", &s.last},
                                                      {"timeout_ms", &s.timeout_ms},
                                                      {"grace_ms", &s.grace_ms},
                                                      {"max_pending", &s.max_pending},
                                                      {"late_every", &s.late_every},
                                                      {"late_ms", &s.late_ms},
                                                      {"min_held", &s.min_held},
                                                      {"memory_bytes_per_root", &s.memory_bytes_per_root}};
  for_each_text_line(path, true, [&](std::istringstream& line) {
    std::string key;
    line >> key;
    const auto it = keys.find(key);
    return it != keys.end() && (line >> *it->second);
  });
  return s;
}

std::uint64_t first_time(const std::string& path) {
  SinkLine line;
  std::ifstream file(path, std::ios::binary);
  if (!file.read(reinterpret_cast<char*>(&line), sizeof line)) return 0;
  return line.time_ns;
}

void list_ledgers(const std::string& dir, RunFacts& run) {
  for (const auto& entry : std::filesystem::directory_iterator(dir)) {
    const std::string name = entry.path().filename().string();
    unsigned number = 0, start = 0;
    unsigned long pid = 0;
    char more = 0;
    if (std::sscanf(name.c_str(), "source.%u.%u.%lu%c", &number, &start, &pid, &more) == 3) {
      run.sources.push_back({entry.path().string(), number, start, pid});
    } else if (std::sscanf(name.c_str(), "sink.%u.%lu%c", &number, &pid, &more) == 2) {
      run.sinks.push_back({entry.path().string(), number, pid});
    }
  }
  std::sort(run.sources.begin(), run.sources.end(),
            [](const auto& a, const auto& b) { return std::tie(a.src, a.start) < std::tie(b.src, b.start); });
  std::map<std::string, std::uint64_t> begin;
  for (const SinkFile& file : run.sinks) begin[file.path] = first_time(file.path);
  std::sort(run.sinks.begin(), run.sinks.end(), [&](const auto& a, const auto& b) {
    return std::tie(a.task, begin[a.path]) < std::tie(b.task, begin[b.path]);
  });
}

}  // namespace

RunFacts read_run(const std::string& dir) {
  RunFacts run;
  run.settings = read_settings(dir + "/settings");
  for_each_text_line(dir + "/faults", false, [&](std::istringstream& line) {
    std::string kind;
    Fault f;
    if (!(line >> kind >> f.number >> f.time_ns >> f.recovered_ns >> f.pid >> f.held >> f.pending)) return false;
    run.faults.push_back(f);
    return kind == "kill";
  });
  std::sort(run.faults.begin(), run.faults.end(), [](const auto& a, const auto& b) { return a.time_ns < b.time_ns; });
  for_each_text_line(dir + "/memory", false, [&](std::istringstream& line) {
    MemorySample m;
    if (!(line >> m.time_ns >> m.pid >> m.bytes)) return false;
    run.memory.push_back(m);
    return true;
  });
  list_ledgers(dir, run);
  return run;
}

}  // namespace ledger
