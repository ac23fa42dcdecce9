// SPDX-License-Identifier: Apache-2.0
//
// Substitution of `${...}` in the scalars of a parsed topology file:
//   ${name}       what `--set name=value` gave         ${ENV-NAME}   what the environment has
//   ${name:-text} `text` when nothing was given        $${           a plain `${`
// `--set ENV-NAME=value` stands before the environment: so a cluster's workers all read what the submitter's had.
// Several may stand in one scalar; what is put in is not looked at again. It happens after parsing, so a value cannot
// change the shape of the file. Keys are left alone. No I/O, no threads.
#pragma once

#include "engine/base/fault.hpp"
#include "engine/base/result.hpp"
#include "engine/base/yaml.hpp"

#include <functional>
#include <map>
#include <set>
#include <string>
#include <string_view>
#include <utility>

namespace gale::plan {

using Sets = std::map<std::string, std::string, std::less<>>;

/// As getenv: null when there is no such variable.
using Environment = std::function<const char*(const std::string& name)>;
[[nodiscard]] Environment process_environment();

/// Splits the argument of `--set`: "key=value".
[[nodiscard]] Result<std::pair<std::string, std::string>> parse_set(std::string_view argument);

class Substitution {
 public:
  Substitution(const Sets& sets, const Environment& environment) : sets_(sets), environment_(environment) {}

  /// Replaces in place. A plain scalar that is wholly one `${...}` gets the type of what it becomes; one that is so in
  /// part is text. Unknown names are faults, and stay as they are.
  void apply(yaml::Node& node, Faults& faults);

  /// Once all was applied: a fault for each value that was given and used nowhere.
  void tell_unused(Faults& faults) const;

 private:
  void apply_scalar(yaml::Node& scalar, Faults& faults);
  std::string value_of(std::string_view inside, Position at, Faults& faults);

  const Sets& sets_;
  const Environment& environment_;
  std::set<std::string, std::less<>> asked_;  // every name that stands in the file
  std::size_t written_ = 0;                   // bytes put in so far
};

}  // namespace gale::plan
