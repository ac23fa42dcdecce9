// SPDX-License-Identifier: Apache-2.0
//
// Checker: a JSON Schema (draft 7, by valijson) and whether a document is as it says. The only place that includes
// valijson. References lead within the schema; nothing is fetched. One thread.
#pragma once

#include <nlohmann/json_fwd.hpp>

#include <memory>
#include <string>
#include <vector>

namespace gale::stock::validate {

class Checker {
 public:
  /// Throws gale::Error when it is no schema.
  explicit Checker(const nlohmann::json& schema);
  Checker(Checker&&) noexcept;
  Checker& operator=(Checker&&) noexcept;
  ~Checker();

  /// What is wrong with the document, the innermost first, twenty at most; nothing when it is as the schema says.
  [[nodiscard]] std::vector<std::string> check(const nlohmann::json& document);

 private:
  struct State;
  std::unique_ptr<State> state_;
};

}  // namespace gale::stock::validate
