// SPDX-License-Identifier: Apache-2.0
//
// What the judge found: for each obligation how often it is broken, its figures, and up to five examples.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace ledger {

enum class Obligation : std::uint8_t { kP1, kP2, kP3, kP4, kP5, kP6, kP7, kP8, kP10, kP12 };

struct ObligationText {
  std::string_view id, statement;
};
inline constexpr std::array<ObligationText, 10> kObligations = {{
    {"P1", "no loss: every record's branches are in the sink"},
    {"P2", "no false ack: what was acked had reached the sink before"},
    {"P3", "no invention: the sink has only what was emitted, unchanged"},
    {"P4", "duplicates explained: no attempt's branch reaches the sink twice"},
    {"P5", "duplicates bounded: replays have a cause, and few for each"},
    {"P6", "callbacks: exactly one for each attempt of a living source"},
    {"P7", "order: first attempts keep their order along one way"},
    {"P8", "key affinity: one task for a key"},
    {"P10", "liveness: drained soon after the last fault"},
    {"P12", "memory: no process grows with what it has done"},
}};

struct Finding {
  std::uint64_t broken = 0;
  std::string figures;
  std::vector<std::string> examples;
};

class Findings {
 public:
  static constexpr std::size_t kExamples = 5;

  [[nodiscard]] const Finding& operator[](Obligation o) const { return all_[static_cast<std::size_t>(o)]; }
  void figures(Obligation o, std::string text) { at(o).figures = std::move(text); }
  /// `example()` is called for the first few only: a broken run may break an obligation a million times.
  template <class Fn>
  void broken(Obligation o, Fn&& example, std::uint64_t times = 1) {
    at(o).broken += times;
    if (at(o).examples.size() < kExamples) at(o).examples.push_back(example());
  }
  [[nodiscard]] bool clean() const {
    for (const Finding& f : all_) {
      if (f.broken != 0) return false;
    }
    return true;
  }

  // The figures that the whole judge reports.
  std::uint64_t records = 0, acks = 0, copies = 0, replays = 0, counted_faults = 0, faults = 0;
  std::uint64_t missing = 0, false_acks = 0, duplicates = 0, unexplained_duplicates = 0;

 private:
  Finding& at(Obligation o) { return all_[static_cast<std::size_t>(o)]; }
  std::array<Finding, kObligations.size()> all_;
};

}  // namespace ledger
