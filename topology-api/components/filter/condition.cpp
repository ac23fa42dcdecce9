// SPDX-License-Identifier: Apache-2.0
#include "condition.hpp"

#include "../common/text.hpp"

#include <gale/error.hpp>

#include <re2/re2.h>

#include <algorithm>
#include <compare>
#include <iterator>
#include <limits>
#include <optional>
#include <string>
#include <string_view>
#include <utility>

namespace gale::stock::filter {
namespace {

constexpr int kDeepest = 16;

struct Operator {
  std::string_view name;
  Op op;
  bool takes_value;
};
constexpr Operator kOperators[] = {
    {"==", Op::kEqual, true},
    {"!=", Op::kNotEqual, true},
    {"<", Op::kLess, true},
    {"<=", Op::kLessEqual, true},
    {">", Op::kGreater, true},
    {">=", Op::kGreaterEqual, true},
    {"contains", Op::kContains, true},
    {"starts_with", Op::kStartsWith, true},
    {"ends_with", Op::kEndsWith, true},
    {"matches", Op::kMatches, true},
    {"in", Op::kIn, true},
    {"is_nil", Op::kIsNil, false},
    {"is_number", Op::kIsNumber, false},
    {"is_text", Op::kIsText, false},
};

std::string names_of_all() {
  std::string all;
  for (const Operator& o : kOperators) all += (all.empty() ? "" : " ") + std::string(o.name);
  return all;
}

std::string said(const Value& value) {
  std::string text;
  append_json(text, value);
  return text.size() > 100 ? text.substr(0, 100) + "..." : text;
}

std::optional<std::string_view> text_of(const Value& v) {
  if (const auto* s = v.get_if<std::string>()) return *s;
  if (const auto* b = v.get_if<Bytes>()) return b->data;
  return std::nullopt;
}

/// A long double of 64 bits of mantissa holds every integer of 64 bits and every double, so this compares exactly.
std::optional<long double> number_of(const Value& v) {
  static_assert(std::numeric_limits<long double>::digits >= 64);
  if (const auto* i = v.get_if<std::int64_t>()) return *i;
  if (const auto* u = v.get_if<std::uint64_t>()) return *u;
  if (const auto* d = v.get_if<double>()) return *d;
  return std::nullopt;
}

/// Nothing: they are of two kinds.
std::optional<std::partial_ordering> compare(const Value& a, const Value& b) {
  if (const auto x = number_of(a), y = number_of(b); x && y) return *x <=> *y;
  if (const auto x = text_of(a), y = text_of(b); x && y) return *x <=> *y;
  if (a.variant().index() != b.variant().index()) return std::nullopt;
  return a == b ? std::partial_ordering::equivalent : std::partial_ordering::unordered;
}

bool holds(Op op, std::partial_ordering order) {
  switch (op) {
    case Op::kEqual:
      return order == 0;
    case Op::kNotEqual:
      return order != 0;
    case Op::kLess:
      return order < 0;
    case Op::kLessEqual:
      return order <= 0;
    case Op::kGreater:
      return order > 0;
    case Op::kGreaterEqual:
      return order >= 0;
    default:
      return false;
  }
}

}  // namespace

Condition::Condition() = default;
Condition::Condition(Condition&&) noexcept = default;
Condition& Condition::operator=(Condition&&) noexcept = default;
Condition::~Condition() = default;

// ---- making

Condition Condition::all_of(const Value::Array& list, Describe& d) {
  return parse_group(Kind::kAll, Value(list), d, 0);
}

Condition Condition::parse(const Value& value, Describe& d, int depth) {
  if (depth > kDeepest) throw Error("conditions are nested deeper than " + std::to_string(kDeepest));
  const auto* map = value.get_if<Value::Map>();
  if (map == nullptr)
    throw Error("a condition is {field, op, value}, {any: [...]}, {all: [...]} or {not: ...}, this is " + said(value));
  if (map->size() == 1) {
    if (const Value* all = value.find("all")) return parse_group(Kind::kAll, *all, d, depth + 1);
    if (const Value* any = value.find("any")) return parse_group(Kind::kAny, *any, d, depth + 1);
    if (const Value* no = value.find("not")) {
      Condition condition;
      condition.kind_ = Kind::kNot;
      condition.children_.push_back(parse(*no, d, depth + 1));
      return condition;
    }
  }
  return parse_test(value, d);
}

Condition Condition::parse_group(Kind kind, const Value& value, Describe& d, int depth) {
  const auto* list = value.get_if<Value::Array>();
  if (list == nullptr) throw Error("any and all take a list of conditions, this is " + said(value));
  Condition condition;
  condition.kind_ = kind;
  for (const Value& one : *list) condition.children_.push_back(parse(one, d, depth));
  return condition;
}

Condition Condition::parse_test(const Value& value, Describe& d) {
  const Value* field = value.find("field");
  const Value* op = value.find("op");
  const Value* wanted = value.find("value");
  const std::size_t known = (field != nullptr) + (op != nullptr) + (wanted != nullptr);
  if (field == nullptr || op == nullptr || !field->is<std::string>() || !op->is<std::string>() ||
      known != value.get<Value::Map>().size())
    throw Error("a condition is {field, op, value}, {any: [...]}, {all: [...]} or {not: ...}, this is " + said(value));
  const auto* found = std::find_if(std::begin(kOperators), std::end(kOperators),
                                   [&](const Operator& o) { return o.name == op->get<std::string>(); });
  if (found == std::end(kOperators))
    throw Error("there is no op '" + op->get<std::string>() + "'; there are: " + names_of_all());
  if (found->takes_value != (wanted != nullptr))
    throw Error("op '" + std::string(found->name) + "' takes " + (found->takes_value ? "a value" : "no value") + ": " +
                said(value));
  Condition condition;
  condition.kind_ = Kind::kTest;
  condition.op_ = found->op;
  if (wanted != nullptr) condition.value_ = *wanted;
  condition.check_value(std::string(found->name));
  d.reads(condition.field_, field->get<std::string>());
  return condition;
}

void Condition::check_value(const std::string& op) {
  if (op_ == Op::kIn && !value_.is<Value::Array>())
    throw Error("op 'in' takes a list of values, this is " + said(value_));
  const bool of_text = op_ == Op::kContains || op_ == Op::kStartsWith || op_ == Op::kEndsWith || op_ == Op::kMatches;
  if (of_text && !value_.is<std::string>())
    throw Error("op '" + op + "' takes text, this is " + said(value_) + "; put it in quotes");
  const bool of_order = op_ == Op::kLess || op_ == Op::kLessEqual || op_ == Op::kGreater || op_ == Op::kGreaterEqual;
  if (of_order && !number_of(value_) && !text_of(value_))
    throw Error("op '" + op + "' takes a number or text, this is " + said(value_));
  if (op_ != Op::kMatches) return;
  const auto& pattern = value_.get<std::string>();
  re2::RE2::Options options;  // UTF-8: what is none in the text matches no letter, not even '.'; all else goes on
  options.set_log_errors(false);
  pattern_ = std::make_unique<re2::RE2>(pattern, options);
  if (!pattern_->ok()) throw Error("'" + pattern + "' is no regular expression: " + pattern_->error());
}

// ---- testing

bool Condition::holds(const Tuple& tuple, std::uint64_t& mismatched) const {
  switch (kind_) {
    case Kind::kAll:
      return std::all_of(children_.begin(), children_.end(),
                         [&](const Condition& c) { return c.holds(tuple, mismatched); });
    case Kind::kAny:
      return std::any_of(children_.begin(), children_.end(),
                         [&](const Condition& c) { return c.holds(tuple, mismatched); });
    case Kind::kNot:
      return !children_.front().holds(tuple, mismatched);
    case Kind::kTest:
      break;
  }
  return test(tuple.get(field_), mismatched);
}

bool Condition::test(const Value& is, std::uint64_t& mismatched) const {
  const auto text = text_of(is);
  switch (op_) {
    case Op::kIsNil:
      return is.is<std::nullptr_t>();
    case Op::kIsNumber:
      return number_of(is).has_value();
    case Op::kIsText:
      return text.has_value();
    case Op::kIn:
      return std::any_of(value_.get<Value::Array>().begin(), value_.get<Value::Array>().end(), [&](const Value& one) {
        const auto order = compare(is, one);
        return order && *order == 0;
      });
    case Op::kContains:
    case Op::kStartsWith:
    case Op::kEndsWith:
    case Op::kMatches: {
      if (!text) return ++mismatched, false;
      const auto& wanted = value_.get<std::string>();
      if (op_ == Op::kContains) return text->find(wanted) != std::string_view::npos;
      if (op_ == Op::kStartsWith) return text->substr(0, wanted.size()) == wanted;
      if (op_ == Op::kEndsWith)
        return text->size() >= wanted.size() && text->substr(text->size() - wanted.size()) == wanted;
      return re2::RE2::PartialMatch(re2::StringPiece(text->data(), text->size()), *pattern_);
    }
    default:
      break;
  }
  const auto order = compare(is, value_);
  if (order) return filter::holds(op_, *order);
  const bool of_nil = is.is<std::nullptr_t>() || value_.is<std::nullptr_t>();  // nil is a value that may be missing
  if (!of_nil) ++mismatched;
  return op_ == Op::kNotEqual;
}

}  // namespace gale::stock::filter
