// SPDX-License-Identifier: Apache-2.0
//
// The hooks block of a topology. What is wrong with one, and where: tests/cases/bad-topology/hooks.yaml.
#include "engine/plan/only.hpp"
#include "tests/unit/engine/plan/fake_catalog.hpp"

#include <doctest/doctest.h>

namespace gale::plan {
namespace {

std::string with_hooks(const std::string& hooks) {
  return "name: t\nplugins: [words, audit]\nspouts: [{id: lines, className: words.Lines, properties: {path: x}}]\n"
         "bolts:\n  - {id: split, className: words.Split}\n  - {id: count, className: words.Count}\n"
         "streams:\n  - {from: lines, to: split, grouping: {type: SHUFFLE}}\n"
         "  - {from: split, to: count, grouping: {type: SHUFFLE}}\nhooks:\n" +
         hooks;
}

const std::string kWatchAll = "  - {className: audit.Watch, properties: {path: x}}\n";

TEST_CASE("A task hook watches the components that it names, all when it names none; a worker hook none") {
  const Plan plan = good_plan(
      with_hooks("  - {className: audit.Watch, properties: [{name: path, value: y}], components: [count, lines]}\n" +
                 kWatchAll + "  - {className: audit.Worker}\n"));
  REQUIRE(plan.hooks.size() == 3);
  CHECK(plan.hooks[0].kind == host::ComponentKind::kTaskHook);
  CHECK(plan.hooks[0].name() == "hook audit.Watch");
  CHECK(plan.hooks[0].config == Value::Map{{"path", "y"}});
  CHECK(plan.hooks[0].components == std::vector{ComponentId(2), ComponentId(0)});
  CHECK(plan.hooks[1].components == std::vector{ComponentId(0), ComponentId(1), ComponentId(2)});
  CHECK(plan.hooks[2].kind == host::ComponentKind::kWorkerHook);
  CHECK(plan.hooks[2].components.empty());
}

TEST_CASE("A file without hooks, or with an empty list, has none") {
  CHECK(good_plan(with_hooks("")).hooks.empty());
  CHECK(good_plan(with_hooks("  []\n")).hooks.empty());
}

TEST_CASE("A hook that a key has wrong is asked nothing more, a hook that refuses its keys is a fault at its line") {
  class Refusing final : public Catalog {
   public:
    Result<const host::PluginDescription*> find(std::string_view plugin) override { return fake_.find(plugin); }
    Result<std::optional<host::ComponentDescription>> describe(std::string_view, std::string_view component,
                                                               const host::TaskInfo& task) override {
      if (component == "Watch") return Failed{"no path is called " + task.config.at("path").get<std::string>()};
      return std::optional<host::ComponentDescription>();
    }

   private:
    FakeCatalog fake_;
  } catalog;
  CHECK(report(make_plan(read(with_hooks(kWatchAll + "  - {className: audit.Watch}\n")), catalog), "f.yaml") ==
        "f.yaml:11:5: 'audit.Watch': no path is called x\n"
        "f.yaml:12:5: 'audit.Watch' needs the property 'path' (string: what it says)\n");
}

TEST_CASE("--only leaves a hook what is left of its components, and drops it when nothing is") {
  const auto left = [](const std::string& hooks) {
    FakeCatalog catalog;
    PlanOutcome outcome = make_plan(*only(read(with_hooks(hooks)), {"split"}), catalog);
    REQUIRE(outcome);
    return outcome.plan->hooks;
  };
  const auto one = left("  - {className: audit.Watch, properties: {path: x}, components: [count, split]}\n");
  REQUIRE(one.size() == 1);
  CHECK(one[0].components == std::vector{ComponentId(1)});
  CHECK(left("  - {className: audit.Watch, properties: {path: x}, components: [count]}\n").empty());
  CHECK(left(kWatchAll)[0].components.size() == 2);
  CHECK(left("  - {className: audit.Worker}\n").size() == 1);
}

}  // namespace
}  // namespace gale::plan
