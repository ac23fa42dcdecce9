// SPDX-License-Identifier: Apache-2.0
#include "checker.hpp"

#include "deep_call.hpp"

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
/// valijson matches with std::regex, which takes some hundred bytes of stack for every byte of the text (two thousand
/// under a sanitizer): up to here any thread has them, ...
constexpr std::size_t kMatchedHere = 512;
/// ... up to here a thread of its own does, ...
constexpr std::size_t kLongestMatched = std::size_t{8} << 10;
constexpr std::size_t kDeepStack = std::size_t{512} << 20;
// ... and beyond, nothing is matched: the text is refused.

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

struct Extent {
  std::size_t longest_text = 0;
  bool too_deep = false;
};

void measure(const nlohmann::json& document, Extent& extent, int depth = 0) {
  if (document.is_string())
    extent.longest_text = std::max(extent.longest_text, document.get_ref<const std::string&>().size());
  if (!document.is_structured()) return;
  if (depth > kDeepest) {
    extent.too_deep = true;
    return;
  }
  if (document.is_object()) {
    for (const auto& [key, one] : document.get_ref<const nlohmann::json::object_t&>()) {
      extent.longest_text = std::max(extent.longest_text, key.size());
      measure(one, extent, depth + 1);
    }
  } else {
    for (const auto& one : document) measure(one, extent, depth + 1);
  }
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
  Extent extent;
  measure(document, extent);
  if (extent.too_deep) return {"nested deeper than " + std::to_string(kDeepest)};
  if (state_->matches && extent.longest_text > kLongestMatched)
    return {"a text of " + std::to_string(extent.longest_text) +
            " bytes, where the schema has patterns or formats: " + std::to_string(kLongestMatched) + " are possible"};
  valijson::ValidationResults results;
  const valijson::adapters::NlohmannJsonAdapter adapter(document);
  bool good = false;
  const auto validate = [&] { good = state_->validator.validate(state_->schema, adapter, &results); };
  if (state_->matches && extent.longest_text > kMatchedHere)
    deep_call(kDeepStack, validate);
  else
    validate();
  if (good) return {};
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
