// SPDX-License-Identifier: Apache-2.0
#include "bolt.hpp"

#include "../json/convert.hpp"

#include <nlohmann/json.hpp>

#include <fstream>
#include <iterator>
#include <utility>
#include <vector>

namespace gale::stock::validate {
namespace {

Checker checker_of(const nlohmann::json& schema, const std::string& where) {
  try {
    return Checker(schema);
  } catch (const Error& e) {
    throw Error(where + ": " + e.what());
  }
}

Checker read_checker(const std::string& path) {
  std::ifstream in(path, std::ios::binary);
  const std::string text((std::istreambuf_iterator<char>(in)), std::istreambuf_iterator<char>());
  if (!in) throw Error("cannot read the schema '" + path + "'; see 'schema_file'");
  try {
    return Checker(json::parse(text));
  } catch (const Error& e) {
    throw Error("the schema '" + path + "': " + e.what());
  }
}

}  // namespace

void Bolt::describe(Describe& d) {
  d.doc("Passes on what a JSON Schema allows; the rest goes to the stream rejects, with the reasons.");
  d.key("schema", schema_, "The JSON Schema (draft 7), as a map.");
  d.key("schema_file", schema_file_, "Or the file that it stands in, as JSON.");
  d.key("field", field_, "The field that is checked; unless set, the tuple is, as an object of its fields.");
  d.key("parse", parse_, "The field is JSON text, which is parsed first.");
  const std::vector<std::string> fields = d.input_fields();
  std::vector<std::string> with_reasons = fields;
  with_reasons.emplace_back("reasons");
  d.emits(fields);
  d.stream("rejects", rejects_, with_reasons);
  if (!field_.empty()) d.reads(checked_.emplace(), field_);
  if (!d.bound()) return;
  if (schema_.empty() == schema_file_.empty()) throw Error("set either 'schema' or 'schema_file'");
  if (parse_ && field_.empty()) throw Error("'parse' wants 'field': the field that has the text");
  if (!schema_.empty()) checker_ = checker_of(json::to_json(schema_), "key 'schema'");
}

void Bolt::open(Context& context) {
  if (!checker_) checker_ = read_checker(schema_file_);
  rejected_ = context.counter("rejected");
}

void Bolt::execute(const Tuple& tuple, Collector& out) {
  const std::vector<std::string> reasons = check(tuple);
  if (reasons.empty()) return out.forward(tuple);
  rejected_.add();
  Value::Array row;
  for (std::size_t i = 0; i < tuple.size(); ++i) row.push_back(tuple.get<Value>(i));
  row.emplace_back(Value::Array(reasons.begin(), reasons.end()));
  out.on(rejects_).emit_row(row);
}

std::vector<std::string> Bolt::check(const Tuple& tuple) {
  if (!checked_) {
    nlohmann::json whole = nlohmann::json::object();
    for (std::size_t i = 0; i < tuple.size(); ++i) whole[tuple.fields().at(i)] = json::to_json(tuple.get<Value>(i));
    return checker_->check(whole);
  }
  const Value value = tuple.get(*checked_);
  if (!parse_) return checker_->check(json::to_json(value));
  const auto* bytes = value.get_if<Bytes>();
  const auto* text = bytes != nullptr ? &bytes->data : value.get_if<std::string>();
  if (text == nullptr) return {std::string("the field is ") + value.type_name() + ", not text"};
  try {
    return checker_->check(json::parse(*text));
  } catch (const Error& e) {
    return {e.what()};
  }
}

}  // namespace gale::stock::validate
