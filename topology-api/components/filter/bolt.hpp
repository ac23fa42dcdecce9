// SPDX-License-Identifier: Apache-2.0
//
// filter.Bolt: passes on, as they are, the tuples that a condition holds for; the others go to the stream `rest`.
#pragma once

#include "condition.hpp"

#include <gale/component.hpp>

namespace gale::stock::filter {

class Bolt final : public BasicBolt {
 public:
  void describe(Describe& d) override {
    d.doc("Passes on the tuples for which all conditions hold; the others go to the stream rest.");
    d.key(
        "where", where_,
        "Conditions, all of which must hold: {field, op, value}, {any: [...]}, {all: [...]}, {not: ...}. Ops: == != < "
        "<= > >= contains starts_with ends_with matches in is_nil is_number is_text.",
        {.required = true});
    condition_ = Condition::all_of(where_, d);
    d.emits(d.input_fields());
    d.stream("rest", rest_, d.input_fields());
  }
  void open(Context& context) override {
    passed_ = context.counter("passed");
    mismatched_ = context.counter("mismatched");
  }
  void execute(const Tuple& tuple, Collector& out) override {
    std::uint64_t mismatched = 0;
    if (condition_.holds(tuple, mismatched)) {
      passed_.add();
      out.forward(tuple);
    } else {
      out.on(rest_).forward(tuple);
    }
    if (mismatched > 0) mismatched_.add(mismatched);
  }

 private:
  Value::Array where_;
  Condition condition_;
  Stream rest_;
  Counter passed_, mismatched_;
};

}  // namespace gale::stock::filter
