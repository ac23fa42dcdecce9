// SPDX-License-Identifier: Apache-2.0
//
// What the driver says of a run: its settings, the faults it injected, the memory it sampled, and which ledger files
// there are. Text files, a line a fact, so that people can read them too; `#` begins a comment.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

namespace ledger {

/// `settings` in the run's directory: a `key value` line each. An unknown key is an error: it was meant to matter.
struct Settings {
  std::uint64_t sources = 2;
  std::uint64_t last = 0;            // the highest seq that each source had to emit; 0: not judged
  std::uint64_t timeout_ms = 30000;  // topology.message.timeout.secs
  std::uint64_t grace_ms = 2000;     // after a recovery, until links and credits are as before
  std::uint64_t max_pending = 65536;
  std::uint64_t late_every = 0, late_ms = 0;
  std::uint64_t min_held = 1000;            // a kill counts only when its victim held as many tuples
  std::uint64_t memory_bytes_per_root = 0;  // bound of P12; 0: not judged (a run with kills has no steady process)
};

/// `faults`: `kill <n> <time_ns> <recovered_ns> <pid> <held> <pending>`; recovered 0: never.
struct Fault {
  std::uint64_t number = 0, time_ns = 0, recovered_ns = 0, pid = 0, held = 0, pending = 0;
};

/// `memory`: `<time_ns> <pid> <rss_bytes>`.
struct MemorySample {
  std::uint64_t time_ns = 0, pid = 0, bytes = 0;
};

struct SourceFile {
  std::string path;
  std::uint32_t src = 0, start = 0;
  std::uint64_t pid = 0;
};
struct SinkFile {
  std::string path;
  std::uint32_t task = 0;
  std::uint64_t pid = 0;
};

struct RunFacts {
  Settings settings;
  std::vector<Fault> faults;  // by time
  std::vector<MemorySample> memory;
  std::vector<SourceFile> sources;  // by src, then start
  std::vector<SinkFile> sinks;      // by task, then the time of their first line
};

/// Throws std::runtime_error that names the file and line.
[[nodiscard]] RunFacts read_run(const std::string& dir);

}  // namespace ledger
