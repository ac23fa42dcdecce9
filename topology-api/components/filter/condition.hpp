// SPDX-License-Identifier: Apache-2.0
//
// Condition: a test of a tuple's fields, made of the values that a topology file has:
//   {field: price, op: ">", value: 10}     {any: [...]}  {all: [...]}  {not: {...}}
// ==  !=  <  <=  >  >=   two numbers by value, two texts by their bytes, two bools or nils (== and != only)
// contains  starts_with  ends_with  matches (a regular expression, RE2's syntax)       text or bytes
// in  [values]     is_nil  is_number  is_text
// Values of two kinds are not equal, and neither is less: such a comparison is told to `mismatched`.
// One thread. Regular expressions are RE2's: no input makes them slow, or costs stack.
#pragma once

#include <gale/describe.hpp>
#include <gale/fields.hpp>
#include <gale/tuple.hpp>
#include <gale/value.hpp>

#include <cstdint>
#include <memory>
#include <vector>

namespace re2 {
class RE2;
}

namespace gale::stock::filter {

enum class Op : std::uint8_t {
  kEqual,
  kNotEqual,
  kLess,
  kLessEqual,
  kGreater,
  kGreaterEqual,
  kContains,
  kStartsWith,
  kEndsWith,
  kMatches,
  kIn,
  kIsNil,
  kIsNumber,
  kIsText,
};

class Condition {
 public:
  /// All of the list must hold. Throws gale::Error that says which one is wrong, and how. Its fields are declared to
  /// `d`.
  static Condition all_of(const Value::Array& list, Describe& d);

  Condition();
  Condition(Condition&&) noexcept;
  Condition& operator=(Condition&&) noexcept;
  ~Condition();

  [[nodiscard]] bool holds(const Tuple& tuple, std::uint64_t& mismatched) const;

 private:
  enum class Kind : std::uint8_t { kAll, kAny, kNot, kTest };
  static Condition parse(const Value& value, Describe& d, int depth);
  static Condition parse_group(Kind kind, const Value& value, Describe& d, int depth);
  static Condition parse_test(const Value& value, Describe& d);
  void check_value(const std::string& op);
  [[nodiscard]] bool test(const Value& is, std::uint64_t& mismatched) const;

  Kind kind_ = Kind::kAll;
  std::vector<Condition> children_;
  Field<Value> field_;
  Op op_ = Op::kEqual;
  Value value_;
  std::unique_ptr<re2::RE2> pattern_;
};

}  // namespace gale::stock::filter
