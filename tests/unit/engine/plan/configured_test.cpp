// SPDX-License-Identifier: Apache-2.0
#include "engine/plan/configured.hpp"
#include "engine/plan/known.hpp"

#include "engine/plan/make_plan.hpp"
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
    make.keys = {{"fields", "list", "", {}, true}, {"any", "value", "", {}}};
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

/// "id(field, ...)" of each component's first stream, with a ? where it is not sure.
std::vector<std::string> known(std::string_view text, const Sets& sets = {}) {
  FlexCatalog catalog;
  std::vector<std::string> all;
  for (const KnownComponent& c : known_components(read(text, sets), catalog)) {
    std::string fields;
    for (const std::string& field : c.streams.empty() ? std::vector<std::string>() : c.streams[0].fields)
      fields += (fields.empty() ? "" : ", ") + field;
    all.push_back(c.id + "(" + fields + ")" + (c.sure ? "" : "?"));
  }
  return all;
}

TEST_CASE("Of a file with faults the streams are known that no fault can change") {
  constexpr const char* kText = R"(name: t
plugins: [flex, words, missing]
spouts:
  - {id: make, className: flex.Make, properties: {fields: [a, b]}}
  - {id: open, className: flex.Make, properties: {fields: "${fields}"}}
  - {id: typo, className: words.Lines, properties: {pth: x}}
  - {id: none, className: missing.Spout}
bolts:
  - {id: after-open, className: flex.Pass}
  - {id: after-make, className: flex.Pass}
  - {id: split, className: words.Split}
  - {id: refuses, className: flex.Pass, properties: {refuse: true}}
  - {id: dead, className: flex.Pass}
  - {className: words.Count}
streams:
  - {from: open, to: after-open, grouping: {type: SHUFFLE}}
  - {from: make, to: after-make, grouping: {type: SUFFLE}}
  - {from: open, to: split, grouping: {type: SHUFFLE}}
  - {from: nobody, to: refuses, grouping: {type: SHUFFLE}}
  - {from: __dead_letters, to: dead, grouping: {type: SHUFFLE}}
)";
  const std::vector<std::string> all = known(kText);
  CHECK(all == std::vector<std::string>{"make(a, b)", "open()?", "typo(line)?", "none()?", "after-open()?",
                                        "after-make(a, b)", "split(word)", "refuses()?",
                                        "dead(origin, stream, reason, attempts, values)", "(word, count)?"});
}

TEST_CASE("Doubt of an input goes down a chain, whatever the order of its streams; what --set gives ends it") {
  constexpr const char* kText = R"(name: t
plugins: [flex]
spouts:
  - {id: make, className: flex.Make, properties: {fields: [a], any: "${x}"}}
bolts:
  - {id: one, className: flex.Pass}
  - {id: two, className: flex.Pass, properties: {any: "${x}"}}
  - {id: three, className: flex.Pass}
streams:
  - {from: two, to: three, grouping: {type: SHUFFLE}}
  - {from: one, to: two, grouping: {type: SHUFFLE}}
  - {from: make, to: one, grouping: {type: SHUFFLE}}
)";
  CHECK(known(kText).at(3).back() == '?');
  const std::string good = std::string(kText).replace(std::string(kText).find(", any: \"${x}\"}}"), 15, "}}");
  CHECK(known(good) == std::vector<std::string>{"make(a)", "one(a)", "two()?", "three()?"});
  CHECK(known(good, {{"x", "1"}}) == std::vector<std::string>{"make(a)", "one(a)", "two(a)", "three(a)"});
}

}  // namespace
}  // namespace gale::plan
