// SPDX-License-Identifier: Apache-2.0
//
// What a plugin says of itself, decoded from its describe() maps: enough to check a topology without running user code.
// Plain data. The engine's plan is checked against it; `gale inspect` prints it.
#pragma once

#include "gale/value.hpp"

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace gale::host {

enum class ComponentKind : std::uint32_t { kSpout = 1, kBolt = 2, kGrouping = 3, kTaskHook = 4, kWorkerHook = 5 };

[[nodiscard]] constexpr bool is_hook(ComponentKind kind) noexcept {
  return kind == ComponentKind::kTaskHook || kind == ComponentKind::kWorkerHook;
}

/// For people.
[[nodiscard]] constexpr const char* name_of(ComponentKind kind) noexcept {
  switch (kind) {
    case ComponentKind::kSpout:
      return "spout";
    case ComponentKind::kBolt:
      return "bolt";
    case ComponentKind::kTaskHook:
      return "task hook";
    case ComponentKind::kWorkerHook:
      return "worker hook";
    case ComponentKind::kGrouping:
      break;
  }
  return "grouping";
}

/// A configuration key. `type` is one of "bool", "integer", "double", "string", "list", "map" (a double takes an
/// integer), or "value": any of them.
struct KeyDescription {
  std::string name, type, doc;
  Value default_value;
  bool required = false;
};

struct StreamDescription {
  std::string name;  // "default" unless declared otherwise
  std::vector<std::string> fields;
  bool direct = false;  // each emit names the task that gets it
};

struct ComponentDescription {
  std::string name, doc;
  ComponentKind kind = ComponentKind::kBolt;
  std::vector<KeyDescription> keys;
  std::vector<StreamDescription> streams;  // in the order of their numbers at the boundary
  std::vector<std::string> reads;          // fields that each input must have
  std::uint32_t tick_ms = 0;               // 0: no ticks
};

struct PluginDescription {
  std::string name, version, build;
  std::uint32_t major = 0, minor = 0;
  std::vector<ComponentDescription> components;

  [[nodiscard]] const ComponentDescription* find(std::string_view component) const {
    for (const ComponentDescription& c : components) {
      if (c.name == component) return &c;
    }
    return nullptr;
  }
};

}  // namespace gale::host
