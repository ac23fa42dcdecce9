// SPDX-License-Identifier: Apache-2.0
//
// What one link counted since it was made. Every drop and refusal has a line here.
#pragma once

#include <cstdint>

namespace gale::link {

struct LinkCounters {
  std::uint64_t frames_sent = 0, bytes_sent = 0;          // first sendings, all types
  std::uint64_t frames_received = 0, bytes_received = 0;  // accepted, all types
  std::uint64_t batches_sent = 0, batches_delivered = 0;
  std::uint64_t frames_resent = 0;
  std::uint64_t duplicates_dropped = 0;  // frames seen before
  std::uint64_t gaps = 0;                // frames that came before their turn, dropped and asked for
  std::uint64_t resend_requests = 0;     // sent by this side
  std::uint64_t pings = 0;               // sent by this side
  std::uint64_t stale_refused = 0;       // from or to another life of a worker, or of another topology
  std::uint64_t garbage_refused = 0;     // broke the grammar or a limit
  std::uint64_t hellos_sent = 0, hellos_received = 0;
  std::uint64_t frames_dropped_to_dead = 0;  // data frames not confirmed when the peer's next life said HELLO
  std::uint64_t acks_told_again = 0;         // entries that a new life of the peer is told, too
  std::uint64_t late_executed = 0;           // batches of a dead incarnation, executed after it died
  std::uint64_t credit_refused = 0;          // credit given back beyond the grant: the peer's bug
  std::uint64_t batches_too_large = 0;       // larger than a frame may be: dropped
};

}  // namespace gale::link
