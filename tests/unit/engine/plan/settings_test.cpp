// SPDX-License-Identifier: Apache-2.0
#include "engine/plan/settings_table.hpp"

#include <doctest/doctest.h>

#include <set>

namespace gale::plan {
namespace {

struct Applied {
  Settings settings;
  std::uint32_t tick_ms = 77;
  Faults faults;
};

Applied apply(const std::string& config, Scope scope = kInTopology) {
  const yaml::Document document = yaml::parse(config);
  REQUIRE(document.whole);
  Applied applied;
  apply_settings(document.root.entries, scope, applied.settings, applied.tick_ms, applied.faults);
  return applied;
}

std::string fault_of(const std::string& config, Scope scope = kInTopology) {
  const Applied applied = apply(config, scope);
  REQUIRE(applied.faults.size() == 1);
  return render(applied.faults[0], "f");
}

TEST_CASE("Every row of the table is named once, has a default within its limits, and explains itself") {
  std::set<std::string_view> names;
  for (const SettingRow& row : setting_rows()) {
    CAPTURE(row.name);
    CHECK(names.insert(row.name).second);
    CHECK(row.min <= row.max);
    CHECK(row.scope != 0);
    CHECK_FALSE(row.effect.empty());
    CHECK_FALSE(row.trade.empty());
    const std::string number = default_of(row);
    if (number[0] < '0' || number[0] > '9') continue;
    CHECK(std::stod(number) >= row.min);
    CHECK(std::stod(number) <= row.max);
  }
}

TEST_CASE("Each row sets a value of its own at both of its limits") {
  const Settings defaults;
  for (const SettingRow& row : setting_rows()) {
    CAPTURE(row.name);
    const Scope scope = (row.scope & kInTopology) != 0 ? kInTopology : (row.scope & kInBolt) != 0 ? kInBolt : kInSpout;
    for (const double limit : {row.min, row.max}) {
      std::string number = std::to_string(static_cast<long long>(limit));
      if (row.unit == "seconds") number = std::to_string(limit);
      if (row.unit == "switch") number = limit == 0 ? "false" : "true";
      const Applied applied = apply(std::string(row.name) + ": " + number, scope);
      CHECK(applied.faults.empty());
      const auto value = [&](auto target) -> double {
        if constexpr (std::is_same_v<decltype(target), TickPeriod>) {
          return applied.tick_ms / 1000.0;
        } else if constexpr (std::is_same_v<decltype(target), Duration Settings::*>) {
          return std::chrono::duration<double>(applied.settings.*target).count();
        } else {
          return static_cast<double>(applied.settings.*target);
        }
      };
      CHECK(std::visit(value, row.target) == doctest::Approx(limit));
    }
  }
}

TEST_CASE("An unknown setting is a fault with the nearest name; one of Storm's that we do without says what to use") {
  CHECK(fault_of("topology.worker: 1") ==
        "f:1:1: unknown setting 'topology.worker' (did you mean 'topology.workers'?)");
  CHECK(fault_of("topology.ackers: 1") == "f:1:1: 'topology.ackers' is not supported; use topology.acker.executors");
}

TEST_CASE("A setting out of range, of the wrong type or in the wrong place changes nothing") {
  CHECK(fault_of("topology.workers: 0") == "f:1:19: 'topology.workers' is 0; it may be 1 to 1024 processes");
  CHECK(fault_of("topology.workers: 70000") == "f:1:19: 'topology.workers' is 70000; it may be 1 to 1024 processes");
  CHECK(fault_of("topology.workers: many") == "f:1:19: 'topology.workers' wants an integer, this is a string");
  CHECK(fault_of("topology.workers: 1.5") == "f:1:19: 'topology.workers' wants an integer, this is a double");
  CHECK(fault_of("topology.workers: \"2\"") == "f:1:19: 'topology.workers' wants an integer, this is a string");
  CHECK(fault_of("topology.message.timeout.secs: [1]") ==
        "f:1:32: 'topology.message.timeout.secs' wants a number of seconds, this is a list");
  CHECK(fault_of("topology.message.timeout.secs: .nan").find("is nan; it may be") != std::string::npos);
  CHECK(fault_of("topology.workers: 2", kInBolt) ==
        "f:1:1: 'topology.workers' has no effect here; it belongs into the config of: topology");
  CHECK(fault_of("topology.max.spout.pending: 2", kInBolt) ==
        "f:1:1: 'topology.max.spout.pending' has no effect here; it belongs into the config of: topology, spout");
  CHECK(apply("topology.workers: 0").settings.workers == 1);
}

TEST_CASE("Seconds take fractions") {
  CHECK(apply("topology.message.timeout.secs: 0.25").settings.message_timeout == std::chrono::milliseconds(250));
  CHECK(apply("topology.tick.tuple.freq.secs: 0.1", kInBolt).tick_ms == 100);
}

TEST_CASE("The table for people has a line for each setting, with its default") {
  const std::string table = settings_table(setting_rows());
  CHECK(table.find("| topology.message.timeout.secs | 30 | seconds | 0.001 | 604800 | topology |") !=
        std::string::npos);
  CHECK(table.find("| topology.component.worker | none | worker | 1 | 1024 | spout, bolt |") != std::string::npos);
  for (const SettingRow& row : setting_rows())
    CHECK(table.find("| " + std::string(row.name) + " |") != std::string::npos);
}

}  // namespace
}  // namespace gale::plan
