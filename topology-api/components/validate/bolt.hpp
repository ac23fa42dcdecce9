// SPDX-License-Identifier: Apache-2.0
//
// validate.Bolt: passes on the tuples that are as a JSON Schema says; the others go to the stream `rejects` with the
// reasons, acked: bad input is not a failure of the topology. The schema is read when the topology is checked, if it
// stands in the file, and when the task opens, if it is a file of its own.
#pragma once

#include "checker.hpp"

#include <gale/component.hpp>

#include <map>
#include <optional>
#include <string>

namespace gale::stock::validate {

class Bolt final : public BasicBolt {
 public:
  void describe(Describe& d) override;
  void open(Context& context) override;
  void execute(const Tuple& tuple, Collector& out) override;

 private:
  [[nodiscard]] std::vector<std::string> check(const Tuple& tuple);

  std::string field_, schema_file_;
  Value::Map schema_;
  bool parse_ = false;
  std::optional<Field<Value>> checked_;  // nothing: the whole tuple
  std::optional<Checker> checker_;
  Stream rejects_;
  Counter rejected_;
};

}  // namespace gale::stock::validate
