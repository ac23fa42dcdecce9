// SPDX-License-Identifier: Apache-2.0
#include "tests/unit/engine/plan/fake_catalog.hpp"

#include <doctest/doctest.h>

namespace gale::plan {
namespace {

using host::ComponentDescription;
using host::ComponentKind;
using host::KeyDescription;

KeyDescription key(std::string name, std::string type, bool required = false) {
  KeyDescription k;
  k.name = std::move(name);
  k.type = std::move(type);
  k.required = required;
  if (required) k.doc = "what it says";
  return k;
}

ComponentDescription component(std::string name, ComponentKind kind, std::vector<KeyDescription> keys,
                               std::vector<host::StreamDescription> streams) {
  ComponentDescription c;
  c.name = std::move(name);
  c.kind = kind;
  c.keys = std::move(keys);
  c.streams = std::move(streams);
  return c;
}

host::PluginDescription words() {
  host::PluginDescription plugin;
  plugin.name = "words";
  plugin.version = "1.0.0";
  plugin.components = {
      component("Lines", ComponentKind::kSpout,
                {key("path", "string", true), key("limit", "integer"), key("rate", "double"), key("loop", "bool"),
                 key("skip", "list"), key("extra", "map")},
                {{"default", {"line"}}, {"bad", {"line", "reason"}}}),
      component("Split", ComponentKind::kBolt, {}, {{"default", {"word"}}}),
      component("Count", ComponentKind::kBolt, {}, {{"default", {"word", "count"}}}),
      component("Sink", ComponentKind::kBolt, {key("output", "string")}, {}),
      component("Join", ComponentKind::kBolt, {}, {}),
      component("Ticker", ComponentKind::kBolt, {}, {}),
      component("Chooser", ComponentKind::kGrouping, {key("by", "string")}, {}),
      component("Teller", ComponentKind::kBolt, {}, {{"default", {"word"}, true}}),
  };
  plugin.components[6].reads = {"word"};
  plugin.components[4].reads = {"word", "count"};
  plugin.components[5].tick_ms = 250;
  return plugin;
}

}  // namespace

FakeCatalog::FakeCatalog() {
  plugins_["words"] = words();
  plugins_["other"].name = "other";
  plugins_["other"].components = {component("Nothing", ComponentKind::kSpout, {}, {})};
  plugins_["./build/words.so"] = words();
  plugins_["audit"].name = "audit";
  plugins_["audit"].components = {
      component("Watch", ComponentKind::kTaskHook, {key("path", "string", true), key("limit", "integer")}, {}),
      component("Worker", ComponentKind::kWorkerHook, {}, {})};
}

Result<const host::PluginDescription*> FakeCatalog::find(std::string_view plugin) {
  const auto found = plugins_.find(plugin);
  if (found == plugins_.end()) return Failed{"plugin '" + std::string(plugin) + "' not found in: plugins"};
  return &found->second;
}

std::vector<std::string> FakeCatalog::names() { return {"words", "other"}; }

Plan good_plan(std::string_view text, const Sets& sets, const PlanOptions& options) {
  PlanOutcome outcome = plan_of(text, sets, options);
  INFO(report(outcome, "f.yaml"));
  REQUIRE(outcome.plan);
  REQUIRE(outcome.faults.empty());
  return std::move(*outcome.plan);
}

}  // namespace gale::plan
