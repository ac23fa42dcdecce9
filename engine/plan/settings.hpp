// SPDX-License-Identifier: Apache-2.0
//
// Settings: the `config:` block, of a topology and of one component. One table (settings.cpp) has each key's name,
// default, unit, effect and trade; names are Storm's where Storm has them.
#pragma once

#include "engine/base/clock.hpp"

#include <cstdint>

namespace gale::plan {

struct Settings {
  std::uint16_t workers = 1;                             // topology.workers
  Duration message_max_age = std::chrono::seconds(300);  // topology.message.max.age.secs
  Duration message_timeout = std::chrono::seconds(30);   // topology.message.timeout.secs (fractions allowed)
  std::uint32_t max_spout_pending = 65536;               // topology.max.spout.pending: slots, 1..2^20-1
  std::uint32_t max_attempts = 5;                        // topology.max.attempts
  std::uint64_t replay_max_bytes = 64u << 20;            // topology.replay.max.bytes, a spout task
  std::uint64_t execute_max_emit_bytes = 64u << 20;      // topology.execute.max.emit.bytes
  std::uint64_t outbox_bytes = 16u << 20;                // topology.worker.outbox.bytes
  std::uint64_t worker_memory_bytes = 0;                 // topology.worker.memory.limit.bytes; 0: none
  Duration task_hang{};                                  // topology.task.hang.secs; 0: never
  std::uint64_t task_max_kept_bytes = 256u << 20;        // topology.task.max.kept.bytes
  std::uint32_t inbox_bytes = 256u << 10;                // topology.task.inbox.bytes: credit of one task
  std::uint32_t cycle_bytes = 16u << 20;                 // topology.cycle.max.bytes: of feedback, before one task
  std::uint32_t batch_bytes = 32u << 10;                 // topology.batch.bytes: a full batch within a worker
  std::uint32_t transfer_batch_bytes = 128u << 10;       // topology.transfer.batch.bytes: a full frame between workers
  std::uint32_t key_groups = 1024;                       // topology.key.groups
  std::uint32_t threads = 0;                             // topology.worker.threads; 0: one a core
  std::uint32_t acker_executors = 1;                     // topology.acker.executors; 0: nothing is tracked
  bool disable_load_aware = false;                       // topology.disable.loadaware.messaging
  std::int32_t place_on_worker = -1;  // component only: topology.component.worker, from 1; -1: spread
};

}  // namespace gale::plan
