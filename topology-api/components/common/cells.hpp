// SPDX-License-Identifier: Apache-2.0
//
// Cells: a tuple as a line of text, its fields chosen and joined as three keys say. For bolts that write lines.
#pragma once

#include "text.hpp"

#include <gale/describe.hpp>
#include <gale/tuple.hpp>

#include <string>
#include <string_view>
#include <vector>

namespace gale::stock {

class Cells {
 public:
  void describe(Describe& d) {
    d.key("fields", names_, "The fields to write, in this order; all of them unless set.");
    d.key("separator", separator_, "What stands between two fields; a tab unless set.");
    d.key("escape", escape_, "Write newline, tab, carriage return and backslash within a field as \\n \\t \\r \\\\.");
    fields_.resize(names_.size());
    for (std::size_t i = 0; i < names_.size(); ++i) d.reads(fields_[i], names_[i]);
  }
  /// Appends the line of `tuple`, without a newline.
  void append(std::string& line, const Tuple& tuple) const {
    const std::size_t n = names_.empty() ? tuple.size() : names_.size();
    for (std::size_t i = 0; i < n; ++i) {
      if (i > 0) line += separator_;
      if (names_.empty()) {
        if (const auto text = tuple.try_get<std::string_view>(i)) {
          add(line, *text);
        } else {
          add(line, tuple.get<Value>(i));
        }
      } else {
        add(line, tuple.get(fields_[i]));
      }
    }
  }

 private:
  void add(std::string& line, std::string_view text) const {
    if (escape_)
      append_escaped(line, text);
    else
      line += text;
  }
  void add(std::string& line, const Value& value) const {
    if (!escape_) return append_text(line, value);
    std::string cell;
    append_text(cell, value);
    append_escaped(line, cell);
  }

  std::vector<std::string> names_;
  std::string separator_ = "\t";
  bool escape_ = false;
  std::vector<Field<Value>> fields_;
};

}  // namespace gale::stock
