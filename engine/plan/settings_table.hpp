// SPDX-License-Identifier: Apache-2.0
//
// The table of settings: it drives the reading of `config:` blocks and is what the manual prints, so that neither can
// say what the other does not. Pure functions.
#pragma once

#include "engine/base/fault.hpp"
#include "engine/base/yaml.hpp"
#include "engine/plan/settings.hpp"

#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <variant>

namespace gale::plan {

/// Where a setting may stand; added up.
enum Scope : unsigned { kInTopology = 1, kInSpout = 2, kInBolt = 4 };

constexpr std::uint16_t kMostWorkers = 1024;
constexpr std::uint16_t kMostThreads = 1024;  // of a worker
/// Of topology.execute.max.emit.bytes with more than one worker: a frame has a mebibyte more (wire::kMaxFrameBytes).
constexpr std::uint64_t kMostBetweenWorkers = 64u << 20;

/// The period of ticks, the one setting that is no member of Settings: without it the component's own says.
struct TickPeriod {};

struct SettingRow {
  std::string_view name;
  std::variant<std::uint16_t Settings::*, std::uint32_t Settings::*, std::uint64_t Settings::*,
               std::int32_t Settings::*, bool Settings::*, Duration Settings::*, TickPeriod>
      target;
  std::string_view unit;  // "seconds" take fractions, "switch" is true or false, all others are whole numbers
  double min, max;
  unsigned scope;
  std::string_view effect, trade;
};

[[nodiscard]] std::span<const SettingRow> setting_rows();

/// The default as text: "30", "1 core", "none".
[[nodiscard]] std::string default_of(const SettingRow& row);

/// One of its limits as text: "0.001", "false".
[[nodiscard]] std::string limit_of(const SettingRow& row, double number);

/// Where it may stand: "topology, spout".
[[nodiscard]] std::string places_of(const SettingRow& row);

/// Applies the entries of one `config:` block over `settings` and, where it is set, `tick_ms`. What is unknown, out of
/// range or in the wrong place is a fault and changes nothing.
void apply_settings(std::span<const yaml::Entry> config, Scope scope, Settings& settings, std::uint32_t& tick_ms,
                    Faults& faults);

/// A table for people, in Markdown.
[[nodiscard]] std::string settings_table(std::span<const SettingRow> rows);

}  // namespace gale::plan
