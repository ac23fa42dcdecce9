// SPDX-License-Identifier: Apache-2.0
//
// Emit: a tuple that the component emitted, as the test reads it. Plain data.
#pragma once

#include "gale/collector.hpp"
#include "gale/testkit/input.hpp"
#include "gale/testkit/print.hpp"
#include "gale/value.hpp"

#include <cstdint>
#include <optional>
#include <ostream>
#include <string>
#include <vector>

namespace gale::testkit {

struct Emit {
  std::string stream;
  Value::Array values;
  Inputs anchors;                                    // none: nobody waits for what comes of it
  std::optional<MessageId> id = {};                  // of a tracked emit
  Replay replay = Replay::engine;                    // ... and who replays it
  std::optional<std::uint32_t> task = {};            // of a direct emit
  std::optional<std::vector<std::uint32_t>> chosen;  // of emit_with_targets: the tasks; nothing when it was refused
};

inline std::ostream& operator<<(std::ostream& out, const Emit& emit) {
  out << text_of(emit.values) << " on " << emit.stream << " from " << emit.anchors;
  if (emit.id) out << " with id " << *emit.id;
  if (emit.task) out << " to task " << *emit.task;
  return out;
}

/// Compared with Rows, it is the values alone that count.
class Emits : public std::vector<Emit> {
 public:
  using std::vector<Emit>::vector;

  [[nodiscard]] Rows rows() const {
    Rows all;
    all.reserve(size());
    for (const Emit& one : *this) all.push_back(one.values);
    return all;
  }
  /// The ids of those that are tracked.
  [[nodiscard]] std::vector<MessageId> ids() const {
    std::vector<MessageId> all;
    for (const Emit& one : *this) {
      if (one.id) all.push_back(*one.id);
    }
    return all;
  }
  friend bool operator==(const Emits& emits, const Rows& rows) { return emits.rows() == rows; }
  friend std::ostream& operator<<(std::ostream& out, const Emits& emits) { return out << text_of(emits.rows()); }
};

}  // namespace gale::testkit
