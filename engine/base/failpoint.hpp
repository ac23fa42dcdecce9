// SPDX-License-Identifier: Apache-2.0
//
// Failpoints: places where the engine can be told to be wrong, so that the judge (tests/cluster) can be judged.
// Only in builds with GALE_MUTANTS; elsewhere a failpoint is the constant false and costs nothing.
// The environment variable GALE_MUTANT names the active ones: `name[=every]`, separated by commas, read once a process.
// An unknown name there ends the process with status 2: a misspelt mutant would look like one that nobody catches.
// Threads: any.
#pragma once

#include <cstdint>
#include <string_view>

namespace gale::failpoint {

struct Point {
  std::string_view name;
  std::uint64_t every;  // GALE_FAILPOINT_EVERY fires at each such evaluation, unless GALE_MUTANT says otherwise
  std::string_view effect;
};

/// All that exist; where they stand in the engine is told in tests/cluster/README.md.
inline constexpr Point kPoints[] = {
    {"drop-one-in-a-million", 1'000'000, "a copy is neither routed nor given an edge"},
    {"ack-before-process", 1, "an input's edge is acked when it is kept, not when it is settled"},
    {"serial-not-checked", 1, "an ack is applied to whatever root its slot holds now"},
    {"wrong-task-route", 1'000, "a fields grouping picks the neighbour of the right task"},
    {"link-doubles", 50, "a link sends a data frame twice (no mutant: the receiver has to survive it)"},
    {"resend-without-dedupe", 1, "a link hands over a frame whose number it has seen"},
    {"callback-twice", 1'000, "a completion is told to its spout twice"},
    {"leak-64-bytes", 1, "64 bytes are lost for each tuple executed"},
};

/// What GALE_MUTANT says of `name`: 0 when it is not active, else how often it fires (1: always).
/// Parses `spec` alone, so that a test can ask it; an entry that names no point is returned by unknown_in().
[[nodiscard]] std::uint64_t every_in(std::string_view spec, std::string_view name) noexcept;
[[nodiscard]] std::string_view unknown_in(std::string_view spec) noexcept;

/// The same for this process's GALE_MUTANT.
[[nodiscard]] std::uint64_t every_of(std::string_view name) noexcept;

}  // namespace gale::failpoint

#ifdef GALE_MUTANTS
#include <atomic>

/// True when the failpoint is active. `name` is a literal.
#define GALE_FAILPOINT(name)                                                   \
  ([]() noexcept -> bool {                                                     \
    static const std::uint64_t gale_every = ::gale::failpoint::every_of(name); \
    return gale_every != 0;                                                    \
  }())
/// True at each `every`-th evaluation at this place in this process, when active.
#define GALE_FAILPOINT_EVERY(name)                                                                        \
  ([]() noexcept -> bool {                                                                                \
    static const std::uint64_t gale_every = ::gale::failpoint::every_of(name);                            \
    static std::atomic<std::uint64_t> gale_count{0};                                                      \
    return gale_every != 0 && (gale_count.fetch_add(1, std::memory_order_relaxed) + 1) % gale_every == 0; \
  }())
#else
#define GALE_FAILPOINT(name) false
#define GALE_FAILPOINT_EVERY(name) false
#endif
