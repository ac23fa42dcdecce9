// SPDX-License-Identifier: Apache-2.0
//
// Path: the way to a value in a JSON document: user.name, items[0].price, or a JSON pointer (/user/name) where a name
// has dots or brackets. Pure.
#pragma once

#include <nlohmann/json_fwd.hpp>

#include <cstddef>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

namespace gale::stock::json {

class Path {
 public:
  /// Throws gale::Error when it is no path.
  explicit Path(std::string_view text);

  /// Null when the document has nothing there.
  [[nodiscard]] const nlohmann::json* find(const nlohmann::json& document) const;
  [[nodiscard]] const std::string& text() const noexcept { return text_; }
  /// What a field of it is called unless told otherwise: the last name in it.
  [[nodiscard]] const std::string& name() const noexcept { return name_; }

 private:
  void read_pointer(std::string_view text);
  void read_names(std::string_view text);
  [[nodiscard]] std::size_t read_index(std::string_view text, std::size_t at);

  using Step = std::variant<std::string, std::size_t>;
  std::vector<Step> steps_;
  std::string text_, name_;
  bool pointer_ = false;  // a number in a pointer is a name or an index, as what it meets wants
};

}  // namespace gale::stock::json
