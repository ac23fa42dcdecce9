// SPDX-License-Identifier: Apache-2.0
//
// json.ParseBolt: fields out of JSON text. Its own fields are what the key `fields` names, so the topology is checked
// against them before it runs. What is no JSON, lacks a field or has another type goes to the stream `bad`, acked: bad
// input is not a failure of the topology, and would not become better by being sent again.
#pragma once

#include "path.hpp"

#include <gale/component.hpp>

#include <nlohmann/json_fwd.hpp>

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

namespace gale::stock::json {

enum class Type : std::uint8_t { kAny, kString, kInteger, kDouble, kBool };

/// One field of the output.
struct Wanted {
  std::string name;
  Path path;
  Type type = Type::kAny;
  bool optional = false;  // nil, or the fallback, when there is nothing
  Value fallback;
};

class ParseBolt final : public BasicBolt {
 public:
  void describe(Describe& d) override;
  void open(Context& context) override;
  void execute(const Tuple& tuple, Collector& out) override;

 private:
  /// The values; throws gale::Error with the reason why there are none.
  void parse(std::string_view text, Value::Array& row) const;

  std::string field_;
  Value::Array specs_;
  std::vector<std::string> keep_;
  std::vector<Wanted> wanted_;
  std::vector<Field<Value>> kept_;
  std::optional<Field<Value>> text_;  // nothing: the first field
  Stream bad_;
  Counter bad_counted_;
};

}  // namespace gale::stock::json
