// SPDX-License-Identifier: Apache-2.0
//
// An entry of `hooks`: a task hook or a worker hook of a plugin.
#include "supervisor/schema/schema.hpp"

#include <stdexcept>
#include <utility>

namespace gale::schema {
namespace {

constexpr Kinds kHooks = {host::ComponentKind::kTaskHook, host::ComponentKind::kWorkerHook};

Json component_ids(const SchemaFacts& facts) {
  std::vector<NamedValue> ids;
  for (const plan::KnownComponent& c : facts.components) {
    if (!c.id.empty()) ids.push_back({c.id, c.class_name});
  }
  return {{"type", "array"}, {"items", ids.empty() ? some_text() : one_of(ids, substituted_text())}};
}

}  // namespace

Json hook_schema(const SchemaFacts& facts) {
  Json map = map_of(plan::hook_keys(), [&](std::string_view key) -> Json {
    if (key == "className") return class_name_schema(facts, kHooks);
    if (key == "components") return component_ids(facts);
    if (key == "properties") return {{"anyOf", Json::array({{{"$ref", "#/definitions/properties"}}})}};
    throw std::logic_error("the schema has no shape for the key '" + std::string(key) + "' of a hook");
  });
  if (Json rules = class_rules(facts, kHooks); !rules.empty()) map["allOf"] = std::move(rules);
  return map;
}

}  // namespace gale::schema
