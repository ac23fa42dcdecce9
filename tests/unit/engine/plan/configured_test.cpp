// SPDX-License-Identifier: Apache-2.0
#include "engine/plan/configured.hpp"

#include "tests/unit/engine/plan/fake_catalog.hpp"

#include <doctest/doctest.h>

#include <algorithm>

namespace gale::plan {
namespace {

/// Adds `flex` to the fake plugins: Make (a spout whose fields are the key `fields`) and Pass (a bolt that passes its
/// input on, refuses `refuse: true`, and ticks every `tick` ms).
class FlexCatalog final : public Catalog {
 public:
  FlexCatalog() {
    host::ComponentDescription make, pass;
    make.name = "Make";
    make.kind = host::ComponentKind::kSpout;
    make.keys = {{"fields", "list", "", {}, true}};
    make.streams = {{"default", {}}};
    pass.name = "Pass";
    pass.keys = {{"refuse", "bool", "", {}}, {"tick", "integer", "", {}}, {"any", "value", "", {}}};
    pass.streams = {{"default", {}}};
    flex_.name = "flex";
    flex_.components = {make, pass};
  }
  Result<const host::PluginDescription*> find(std::string_view plugin) override {
    if (plugin == "flex") return &flex_;
    return fake_.find(plugin);
  }
  Result<std::optional<host::ComponentDescription>> describe(std::string_view plugin, std::string_view component,
                                                             const host::TaskInfo& task) override {
    if (plugin != "flex") return std::optional<host::ComponentDescription>();
    asked.push_back(task.component);
    if (task.config.count("refuse") != 0) return Failed{"will not do"};
    host::ComponentDescription d = *flex_.find(component);
    if (component == "Pass") {
      if (!task.inputs.empty()) d.streams[0].fields = task.inputs[0].fields;
    } else {
      for (const Value& field : task.config.at("fields").get<Value::Array>())
        d.streams[0].fields.push_back(field.get<std::string>());
    }
    if (task.config.count("tick") != 0)
      d.tick_ms = static_cast<std::uint32_t>(task.config.at("tick").get<std::int64_t>());
    return std::optional(std::move(d));
  }
  std::vector<std::string> asked;

 private:
  FakeCatalog fake_;
  host::PluginDescription flex_;
};

PlanOutcome flex_plan(std::string_view bolts, FlexCatalog& catalog, std::string_view fields = "[a, b]") {
  const std::string text =
      "name: t\nplugins: [flex, words]\nspouts:\n  - {id: make, className: flex.Make, properties: {fields: " +
      std::string(fields) + "}}\n" + std::string(bolts);
  return make_plan(read(text), catalog);
}

constexpr const char* kChain = R"(bolts:
  - {id: last, className: flex.Pass, properties: {tick: 40}}
  - {id: first, className: flex.Pass}
  - {id: join, className: words.Join}
streams:
  - {from: first, to: last, grouping: {type: FIELDS, args: [count]}}
  - {from: make, to: first, grouping: {type: SHUFFLE}}
  - {from: last, to: join, grouping: {type: SHUFFLE}}
)";

TEST_CASE("Fields that a property names are passed on through a chain and checked where they are read") {
  FlexCatalog catalog;
  const PlanOutcome outcome = flex_plan(kChain, catalog, "[word, count]");
  INFO(report(outcome, "f.yaml"));
  REQUIRE(outcome.plan);
  CHECK(catalog.asked ==
        std::vector<std::string>{"make", "first", "last"});  // sources first, whatever the file's order
  CHECK(outcome.plan->components[1].streams[0].fields == std::vector<std::string>{"word", "count"});
  CHECK(outcome.plan->components[1].tick_ms == 40);
}

TEST_CASE("A field that the configured stream lacks is a fault at its reader") {
  FlexCatalog catalog;
  const std::string told = report(flex_plan(kChain, catalog), "f.yaml");
  CHECK(told.find("stream 'default' of 'first' has no field 'count'") != std::string::npos);
  CHECK(told.find("'join' reads the field 'word'") != std::string::npos);
}

TEST_CASE("What a component says against its configuration is a fault, and what hangs on it is silent") {
  FlexCatalog catalog;
  const std::string told = report(flex_plan(R"(bolts:
  - {id: pass, className: flex.Pass, properties: {refuse: true}}
  - {id: join, className: words.Join}
streams:
  - {from: make, to: pass, grouping: {type: SHUFFLE}}
  - {from: pass, to: join, grouping: {type: FIELDS, args: [x]}}
)",
                                            catalog),
                                  "f.yaml");
  CHECK(told == "f.yaml:6:5: 'pass': will not do\n");
}

TEST_CASE("A component whose properties are at fault is not asked") {
  FlexCatalog catalog;
  const std::string told = report(flex_plan(R"(bolts:
  - {id: join, className: words.Join}
streams:
  - {from: make, to: join, grouping: {type: SHUFFLE}}
)",
                                            catalog, "no list"),
                                  "f.yaml");
  CHECK(told == "f.yaml:4:59: 'fields' wants list, is string\n");
  CHECK(catalog.asked.empty());
}

TEST_CASE("A key of type value takes any value, and the file's own tick stays the last word") {
  FlexCatalog catalog;
  const PlanOutcome outcome = flex_plan(R"(bolts:
  - {id: pass, className: flex.Pass, properties: {any: [1, {x: y}], tick: 40}, config: {topology.tick.tuple.freq.secs: 1}}
streams:
  - {from: make, to: pass, grouping: {type: SHUFFLE}}
)",
                                        catalog);
  INFO(report(outcome, "f.yaml"));
  REQUIRE(outcome.plan);
  CHECK(outcome.plan->components[1].config.at("any") == Value(Value::Array{1, Value(Value::Map{{"x", "y"}})}));
  CHECK(outcome.plan->components[1].tick_ms == 1000);
}

}  // namespace
}  // namespace gale::plan
