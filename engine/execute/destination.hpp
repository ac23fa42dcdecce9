// SPDX-License-Identifier: Apache-2.0
//
// Destination: where a task's batches for one other task go. A local inbox and a link to another worker look the same.
// Sends never block and never lie: taken means queued in order, not executed.
#pragma once

#include "engine/wire/batch.hpp"

namespace gale::execute {

class Schedulable;

class Destination {
 public:
  virtual ~Destination() = default;
  /// Takes the batch, or leaves it (no credit) and wakes `sender` when it is worth asking again. Any pool thread.
  virtual bool offer(wire::BatchPtr& batch, Schedulable& sender) = 0;
};

}  // namespace gale::execute
