// SPDX-License-Identifier: Apache-2.0
//
// Destination: where a task's batches for one other task go. A local inbox and a link to another worker look the same.
// Sends never block and never lie: taken means queued in order, not executed.
#pragma once

#include "engine/wire/batch.hpp"

#include <cstdint>

namespace gale::execute {

class Schedulable;

/// Bytes that wait, of those that may; a limit of 0 lets nothing through for now.
struct Fill {
  std::uint64_t bytes = 0, limit = 0;
};

class Destination {
 public:
  virtual ~Destination() = default;
  /// Takes the batch, or leaves it (no credit) and wakes `sender` when it is worth asking again. Any pool thread.
  virtual bool offer(wire::BatchPtr& batch, Schedulable& sender) = 0;
  /// How full it is; more than its limit is possible. Any pool thread.
  [[nodiscard]] virtual Fill fill() = 0;
  /// Wakes `sender` when there is more room than now. False: half of it is free already. Any pool thread.
  [[nodiscard]] virtual bool wait_for_room(Schedulable& sender) = 0;
};

}  // namespace gale::execute
