// SPDX-License-Identifier: Apache-2.0
//
// The small words between a test and a component: what next() said, how a message failed, a tuple's values by name.
#pragma once

#include "gale/abi.h"
#include "gale/value.hpp"

#include <cstdint>
#include <initializer_list>
#include <ostream>
#include <string>
#include <utility>

namespace gale::testkit {

/// The values of a tuple by the names of its fields, in any order: execute(Fields{{"id", 7}, {"price", 9.5}}).
class Fields {
 public:
  Fields(std::initializer_list<std::pair<const std::string, Value>> fields) : fields_(fields) {}
  [[nodiscard]] const Value::Map& map() const noexcept { return fields_; }

 private:
  Value::Map fields_;
};

/// What next() said of itself. A class and not an enum, because frameworks print enums as numbers.
class Said {
 public:
  static const Said emitted, idle_until, idle_until_woken, finished;
  static const Said nothing;  // that it emitted, and had not: it is called again after a while

  friend constexpr bool operator==(Said a, Said b) noexcept { return a.state_ == b.state_; }
  friend std::ostream& operator<<(std::ostream& out, Said said) {
    static constexpr const char* kNames[] = {"emitted", "idle_until", "idle_until_woken", "finished", "nothing"};
    return out << kNames[said.state_];
  }

 private:
  friend class Component;
  explicit constexpr Said(std::uint32_t state) : state_(state) {}
  std::uint32_t state_;
};
inline constexpr Said Said::emitted(GALE_NEXT_EMITTED);
inline constexpr Said Said::idle_until(GALE_NEXT_UNTIL);
inline constexpr Said Said::idle_until_woken(GALE_NEXT_WOKEN);
inline constexpr Said Said::finished(GALE_NEXT_FINISHED);
inline constexpr Said Said::nothing(GALE_NEXT_EMPTY);

/// Which of its attempts failed, and whether it is the last.
struct Try {
  std::uint32_t attempt = 1;
  bool final = false;
};

}  // namespace gale::testkit
