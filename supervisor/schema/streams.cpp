// SPDX-License-Identifier: Apache-2.0
//
// An entry of `streams`: whom it connects, and its grouping.
#include "engine/plan/plan.hpp"
#include "supervisor/schema/schema.hpp"

#include <algorithm>
#include <stdexcept>
#include <utility>

namespace gale::schema {
namespace {

using host::ComponentKind;

bool has_placeholder(const std::string& text) { return text.find("${") != std::string::npos; }

/// The ids that may stand there. Not every one can be told when one is substituted: then all text is taken.
Json id_of(const SchemaFacts& facts, bool reader) {
  std::vector<NamedValue> ids;
  bool all_known = true;
  for (const plan::KnownComponent& c : facts.components) {
    all_known = all_known && !has_placeholder(c.id);
    if (c.id.empty() || has_placeholder(c.id) || (reader && c.kind != ComponentKind::kBolt)) continue;
    ids.push_back({c.id, std::string("a ") + host::name_of(c.kind) + ", " + c.class_name});
  }
  if (!reader && !ids.empty())
    ids.push_back({std::string(plan::kDeadLetters),
                   "What failed for good, of all spouts: origin, stream, reason, "
                   "attempts, values."});
  if (ids.empty()) return some_text();
  return one_of(ids, all_known ? substituted_text() : some_text());
}

Json grouping_type() {
  std::vector<NamedValue> names;
  std::string any_case;
  for (const plan::GroupingName& g : plan::grouping_names()) {
    names.push_back({std::string(g.name), std::string(g.doc)});
    any_case += (any_case.empty() ? "" : "|") + in_any_case(g.name);
  }
  return one_of(names, text_like("(?:" + any_case + ")"));
}

/// A rule for the groupings for which `wanted` holds, whatever case they are written in.
template <class Wanted>
Json when_type(Wanted wanted, Json then) {
  std::string pattern;
  for (const plan::GroupingName& g : plan::grouping_names()) {
    if (wanted(g.grouping)) pattern += (pattern.empty() ? "" : "|") + in_any_case(g.name);
  }
  return when("type", {{"type", "string"}, {"pattern", "^(?:" + pattern + ")$"}}, std::move(then));
}

/// What plan::TopologyReader::read_grouping() says of args and customClass.
Json grouping_rules() {
  using plan::Grouping;
  const auto by_key = [](Grouping g) { return plan::by_key(g); };
  const auto no_key = [](Grouping g) { return !plan::by_key(g); };
  const auto custom = [](Grouping g) { return g == Grouping::kCustom; };
  const auto no_custom = [](Grouping g) { return g != Grouping::kCustom; };
  return Json::array({
      when_type(by_key, {{"required", Json::array({"args"})},
                         {"properties", {{"args", {{"type", "array"}, {"minItems", 1}}}}}}),
      when_type(no_key, {{"properties", {{"args", {{"type", Json::array({"array", "null"})}, {"maxItems", 0}}}}}}),
      when_type(custom,
                {{"required", Json::array({"customClass"})}, {"properties", {{"customClass", {{"type", "object"}}}}}}),
      when_type(no_custom, {{"properties", {{"customClass", false}}}}),
  });
}

Json custom_class(const SchemaFacts& facts) {
  Json map = map_of(plan::custom_keys(), [&](std::string_view key) -> Json {
    if (key == "className") return class_name_schema(facts, {ComponentKind::kGrouping});
    if (key == "properties") return {{"anyOf", Json::array({{{"$ref", "#/definitions/properties"}}})}};
    throw std::logic_error("the schema has no shape for the key '" + std::string(key) + "' of customClass");
  });
  if (Json rules = class_rules(facts, {ComponentKind::kGrouping}); !rules.empty()) map["allOf"] = std::move(rules);
  return map;
}

Json grouping(const SchemaFacts& facts) {
  Json map = map_of(plan::grouping_keys(), [&](std::string_view key) -> Json {
    if (key == "type") return grouping_type();
    if (key == "streamId") return some_text();
    if (key == "args") return {{"type", "array"}, {"items", some_text()}};
    if (key == "customClass") return custom_class(facts);
    throw std::logic_error("the schema has no shape for the key '" + std::string(key) + "' of a grouping");
  });
  map["allOf"] = grouping_rules();
  return map;
}

Json in_grouping(const char* key, Json what) { return {{"type", "object"}, {"properties", {{key, std::move(what)}}}}; }

/// The names, and beside them what else may be meant: when they are sure only what is substituted.
Json names_of(const std::vector<std::string>& names, bool sure) {
  std::vector<NamedValue> values;
  for (const std::string& name : names) values.push_back({name, ""});
  return one_of(values, sure ? substituted_text() : some_text());
}

/// The fields of one stream of `c`, in args.
Json fields_rule(const plan::KnownComponent& c, const plan::Stream& stream) {
  Json condition = {{"properties", {{"from", {{"const", c.id}}}}}, {"required", Json::array({"from", "grouping"})}};
  Json on = in_grouping("streamId", {{"const", stream.name}});
  if (stream.name == "default") {
    on = in_grouping("streamId", {{"enum", Json::array({"default", nullptr})}});  // or absent
  } else {
    on["required"] = Json::array({"streamId"});
  }
  condition["properties"]["grouping"] = std::move(on);
  Json args = {{"type", Json::array({"array", "null"})}, {"items", names_of(stream.fields, c.sure)}};
  return {{"if", std::move(condition)},
          {"then", {{"properties", {{"grouping", in_grouping("args", std::move(args))}}}}}};
}

void add_streams(const plan::KnownComponent& c, Json& rules) {
  if (c.id.empty() || c.streams.empty()) return;
  std::vector<std::string> names;
  for (const plan::Stream& s : c.streams) names.push_back(s.name);
  if (c.kind == ComponentKind::kSpout && std::find(names.begin(), names.end(), plan::kDeadLetters) == names.end())
    names.emplace_back(plan::kDeadLetters);
  Json stream_id = names_of(names, c.sure);
  stream_id["anyOf"].push_back({{"type", "null"}});
  rules.push_back(
      when("from", {{"const", c.id}}, {{"properties", {{"grouping", in_grouping("streamId", std::move(stream_id))}}}}));
  for (const plan::Stream& s : c.streams) {
    const bool told = !s.fields.empty() && std::none_of(s.fields.begin(), s.fields.end(), has_placeholder);
    if (told) rules.push_back(fields_rule(c, s));
  }
}

}  // namespace

Json stream_schema(const SchemaFacts& facts) {
  Json map = map_of(plan::stream_keys(), [&](std::string_view key) -> Json {
    if (key == "name") return {{"anyOf", Json::array({Json::object()})}};
    if (key == "from" || key == "to") return id_of(facts, key == "to");
    if (key == "grouping") return grouping(facts);
    throw std::logic_error("the schema has no shape for the key '" + std::string(key) + "' of a stream");
  });
  Json rules = Json::array();
  for (const plan::KnownComponent& c : facts.components) add_streams(c, rules);
  if (!rules.empty()) map["allOf"] = std::move(rules);
  return map;
}

}  // namespace gale::schema
