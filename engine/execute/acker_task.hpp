// SPDX-License-Identifier: Apache-2.0
//
// AckerTask: drives the ledger of one spout task, in the spout's worker: folds acks in, fails what is too old, hands
// completions over. Scheduled by itself.
// Place: station 7 of a tuple's way (engine/README.md). Threads: tell() from any, run() on its own turn.
#pragma once

#include "engine/ack/ledger.hpp"
#include "engine/execute/pool.hpp"
#include "engine/execute/schedulable.hpp"
#include "engine/execute/spout_task.hpp"
#include "engine/wire/ack.hpp"

#include <algorithm>
#include <mutex>
#include <string>
#include <vector>

namespace gale::execute {

class AckerTask final : public Schedulable {
 public:
  AckerTask(Pool& pool, SpoutTask& spout, Duration timeout, Duration max_age)
      : pool_(pool),
        spout_(spout),
        timeout_(timeout),
        max_age_(max_age),
        every_(std::clamp<Duration>(timeout / 8, std::chrono::milliseconds(10), std::chrono::seconds(1))),
        name_("acker of " + spout.name()) {
    spout.set_acker(*this);
  }

  void tell(wire::AckBatch&& batch) {
    {
      const std::lock_guard lock(lock_);
      bytes_ += batch.acks.size() * sizeof(wire::Ack);
      waiting_.push_back(std::move(batch));
    }
    pool_.wake(*this);
  }

  Turn run(TimePoint now) override {
    {
      const std::lock_guard lock(lock_);
      taken_.swap(waiting_);
      bytes_ = 0;
    }
    ack::Ledger& ledger = spout_.ledger();
    for (const wire::AckBatch& batch : taken_) ledger.apply(batch, now, done_);
    taken_.clear();
    const bool pending = spout_.pending() != 0;
    if (pending && now >= next_) {
      ledger.expire(now, timeout_, max_age_, done_);
      next_ = now + every_;
    }
    stale_.store(ledger.stale(), std::memory_order_relaxed);
    if (!done_.empty()) spout_.give(done_);
    return {false, pending ? next_ : TimePoint::max()};
  }
  [[nodiscard]] const std::string& name() const noexcept override { return name_; }
  [[nodiscard]] std::uint64_t backlog() const noexcept override { return bytes_.load(std::memory_order_relaxed); }
  [[nodiscard]] std::uint64_t stale() const noexcept { return stale_.load(std::memory_order_relaxed); }

 private:
  Pool& pool_;
  SpoutTask& spout_;
  const Duration timeout_, max_age_, every_;
  const std::string name_;
  std::mutex lock_;
  std::vector<wire::AckBatch>
      waiting_;  // guarded by lock_; folded entries of live roots, so bounded by what is pending
  std::vector<wire::AckBatch> taken_;
  std::atomic<std::uint64_t> bytes_{0}, stale_{0};
  ack::Completions done_;
  TimePoint next_{};
};

}  // namespace gale::execute
