// SPDX-License-Identifier: Apache-2.0
//
// Schedulable: what the pool runs. A turn does some work and says what it waits for; any thread may wake it.
// Invariants: one thread at a time runs it; a wake during its turn is not lost (kAgain).
#pragma once

#include "engine/base/clock.hpp"

#include <atomic>
#include <cstdint>
#include <string>

namespace gale::execute {

class OwnThread;

struct Turn {
  bool again = false;                    // there is more to do right now
  TimePoint wake_at = TimePoint::max();  // run again then, if nothing wakes it before
};

class Schedulable {
 public:
  virtual ~Schedulable() = default;
  virtual Turn run(TimePoint now) = 0;
  [[nodiscard]] virtual const std::string& name() const noexcept = 0;
  /// Bytes that wait for it, by which the pool judges whether waking another thread pays. Any thread.
  [[nodiscard]] virtual std::uint64_t backlog() const noexcept = 0;
  /// Its turn is long: it should end when it can. From the monitor's thread, while run() runs.
  virtual void hurry() noexcept {}

 private:
  friend class Pool;
  enum class State : std::uint8_t { kIdle, kQueued, kRunning, kAgain };
  std::atomic<State> state_{State::kIdle};
  TimePoint timer_ = TimePoint::max();  // guarded by the pool's lock
  std::uint32_t home_ = 0;              // the thread that ran it last; guarded by the pool's lock
  OwnThread* own_ = nullptr;            // of a pinned task; set before its first turn
};

}  // namespace gale::execute
