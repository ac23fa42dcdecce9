// SPDX-License-Identifier: Apache-2.0
//
// Judge: reads the ledgers of a run that has ended and says which obligations it kept. Four passes: what was emitted;
// what came to the sinks; what the sources were told; the sums. One thread, streams, and 5 bytes a record in memory.
#pragma once

#include "tests/cluster/checker/attempts.hpp"
#include "tests/cluster/checker/findings.hpp"
#include "tests/cluster/checker/run_facts.hpp"
#include "tests/cluster/format.hpp"

#include <cstdint>
#include <string>
#include <unordered_map>
#include <vector>

namespace ledger {

class Judge {
 public:
  explicit Judge(RunFacts run);
  /// Once.
  [[nodiscard]] const Findings& judge();

 private:
  // Causes of replays that are no fault of the driver's, beside the numbers of `run_.faults`.
  static constexpr std::uint16_t kLate = 0xfffe;  // the keyed stage was told to hold it beyond the timeout

  struct Flying {  // what a source incarnation waits for, while its file is read
    std::uint16_t attempt = 0;
    bool told = false;  // failed, not yet emitted again
    std::uint16_t cause = kNoCause;
    std::uint64_t emitted_ns = 0;
  };
  using FlyingMap = std::unordered_map<std::uint64_t, Flying>;

  void read_emits();
  void read_sinks();
  void read_sink_line(const SinkLine& line);
  [[nodiscard]] std::string is_invention(const SinkLine& line);
  void check_order(const SinkLine& line);
  void check_affinity(const SinkLine& line);
  void read_callbacks();
  void read_source_file(const SourceFile& file, bool is_last);
  void emitted_again(const SourceLine& line, FlyingMap& flying, std::uint16_t restart_cause);
  void told(const SourceLine& line, const SourceFile& file, FlyingMap& flying);
  void check_ack(const SourceLine& line);
  void check_left(const SourceFile& file, const FlyingMap& flying, bool is_last);

  [[nodiscard]] std::uint16_t cause_of(std::uint64_t emitted_ns, std::uint64_t failed_ns) const;
  [[nodiscard]] std::uint16_t cause_of_restart(std::uint64_t pid) const;
  [[nodiscard]] std::uint64_t bound_of(const Fault& fault) const;
  [[nodiscard]] std::uint32_t units(std::uint64_t time_ns) const;

  void sum_records();
  void sum_replays();
  void sum_liveness();
  void sum_memory();

  RunFacts run_;
  Findings found_;
  std::vector<Attempts> attempts_;                                // by src
  std::unordered_map<std::uint64_t, std::uint64_t> last_on_way_;  // by start, src, fan, keyed, sink, branch: seq
  std::vector<int> owner_;                                        // by key: the keyed task that saw it; -1: none
  std::uint64_t first_ns_ = 0, unit_ns_ = 1;
  std::uint64_t last_new_ns_ = 0, last_told_ns_ = 0, last_ns_ = 0;
  std::uint64_t fails_ = 0, timeouts_ = 0, torn_ = 0, unexplained_replays_ = 0;
};

}  // namespace ledger
