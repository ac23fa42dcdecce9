// SPDX-License-Identifier: Apache-2.0
//
// What a component knows of one of its inputs. The SDK's own; users meet it through Tuple.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace gale::detail {

struct Input {
  std::string component, stream;
  std::vector<std::string> fields;
  std::uint32_t number = 0;

  [[nodiscard]] int position(std::string_view field) const noexcept {
    for (std::size_t i = 0; i < fields.size(); ++i) {
      if (fields[i] == field) return static_cast<int>(i);
    }
    return -1;
  }
  [[nodiscard]] std::string name() const { return component + "/" + stream; }
};

}  // namespace gale::detail
