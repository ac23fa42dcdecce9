// SPDX-License-Identifier: Apache-2.0
#include "checker.hpp"

#include <gale/error.hpp>

#include <nlohmann/json.hpp>
#include <valijson/adapters/nlohmann_json_adapter.hpp>
#include <valijson/schema.hpp>
#include <valijson/schema_parser.hpp>
#include <valijson/validator.hpp>

#include <algorithm>
#include <cstddef>
#include <exception>
#include <regex>

namespace gale::stock::validate {
namespace {

constexpr std::size_t kMostReasons = 20;
constexpr int kDeepest = 64;
/// An error that only says that there is another one within.
constexpr const char* kOnlyAround = "Failed to validate against schema associated with property name";
/// valijson matches with std::regex, which takes stack for every byte: a longer text would end the process.
constexpr std::size_t kLongestMatched = 4096;

void check_pattern(const std::string& pattern) {
  try {
    static_cast<void>(std::regex(pattern));
  } catch (const std::regex_error& e) {
    throw Error("the pattern '" + pattern + "' is no regular expression: " + e.what());
  }
}

/// Whether a schema matches texts anywhere: pattern, patternProperties or format stand in it. Throws at a bad pattern.
bool matches_texts(const nlohmann::json& schema, int depth = 0) {
  if (depth > kDeepest) throw Error("the schema is nested deeper than " + std::to_string(kDeepest));
  bool found = false;
  if (schema.is_object()) {
    found = schema.contains("pattern") || schema.contains("patternProperties") || schema.contains("format");
    const auto pattern = schema.find("pattern");
    if (pattern != schema.end() && pattern->is_string()) check_pattern(pattern->get<std::string>());
    const auto properties = schema.find("patternProperties");
    if (properties != schema.end() && properties->is_object()) {
      for (const auto& [name, one] : properties->items()) check_pattern(name);
    }
  }
  if (schema.is_structured()) {
    for (const auto& one : schema) found = matches_texts(one, depth + 1) || found;
  }
  return found;
}

/// What may not be given to the validator; empty when all may.
std::string too_much(const nlohmann::json& document, bool matched, int depth = 0) {
  if (depth > kDeepest) return "nested deeper than " + std::to_string(kDeepest);
  if (matched && document.is_string() && document.get_ref<const std::string&>().size() > kLongestMatched)
    return "a text of " + std::to_string(document.get_ref<const std::string&>().size()) +
           " bytes, where the schema has patterns or formats: " + std::to_string(kLongestMatched) + " are possible";
  if (!document.is_structured()) return {};
  for (const auto& [key, one] : document.items()) {
    if (matched && document.is_object() && key.size() > kLongestMatched)
      return "a name of " + std::to_string(key.size()) + " bytes";
    if (std::string why = too_much(one, matched, depth + 1); !why.empty()) return why;
  }
  return {};
}

}  // namespace

struct Checker::State {
  nlohmann::json text;  // the schema refers to it
  valijson::Schema schema;
  valijson::Validator validator;
  bool matches = false;
};

Checker::Checker(const nlohmann::json& schema) : state_(std::make_unique<State>()) {
  state_->matches = matches_texts(schema);
  state_->text = schema;
  try {
    valijson::SchemaParser parser;
    const valijson::adapters::NlohmannJsonAdapter adapter(state_->text);
    parser.populateSchema(adapter, state_->schema);
  } catch (const std::exception& e) {
    throw Error(std::string("it is no JSON Schema: ") + e.what());
  }
}
Checker::Checker(Checker&&) noexcept = default;
Checker& Checker::operator=(Checker&&) noexcept = default;
Checker::~Checker() = default;

std::vector<std::string> Checker::check(const nlohmann::json& document) {
  if (std::string why = too_much(document, state_->matches); !why.empty()) return {std::move(why)};
  valijson::ValidationResults results;
  const valijson::adapters::NlohmannJsonAdapter adapter(document);
  if (state_->validator.validate(state_->schema, adapter, &results)) return {};
  std::vector<std::string> reasons;
  valijson::ValidationResults::Error error;
  while (reasons.size() < kMostReasons && results.popError(error)) {
    if (error.description.find(kOnlyAround) == 0) continue;
    std::string where;
    for (const std::string& step : error.context) where += step == "<root>" ? "" : step;
    reasons.push_back((where.empty() ? "" : where + ": ") + error.description);
  }
  if (reasons.empty()) reasons.emplace_back("it is not as the schema says");
  return reasons;
}

}  // namespace gale::stock::validate
