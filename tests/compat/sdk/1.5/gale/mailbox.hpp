// SPDX-License-Identifier: Apache-2.0
//
// Mailbox: how another thread reaches a task. Jobs run on the task's own turn, in the order of their posting.
// Threads: post() from any; everything else on the task's turn. The queue is bounded: beyond 64 Ki jobs a poster waits,
// except on the task's own turn, which must not wait for itself.
#pragma once

#include "gale/abi.h"

#include <atomic>
#include <condition_variable>
#include <cstddef>
#include <deque>
#include <memory>
#include <mutex>
#include <thread>
#include <utility>

namespace gale {

class Collector;

namespace detail {

struct Job {
  virtual ~Job() = default;
  virtual void run(Collector& out) = 0;
};

template <class F>
struct JobOf final : Job {
  explicit JobOf(F&& fn) : f(std::move(fn)) {}
  void run(Collector& out) override { f(out); }
  F f;
};

class JobQueue {
 public:
  static constexpr std::size_t kMost = 64 * 1024;

  void open(const gale_task* task) {
    const std::lock_guard lock(mutex_);
    task_ = task;
  }
  /// False after close; the job is then destroyed by the caller.
  bool post(std::unique_ptr<Job> job) {
    std::unique_lock lock(mutex_);
    if (turn_.load(std::memory_order_relaxed) != std::this_thread::get_id()) {
      room_.wait(lock, [this] { return task_ == nullptr || jobs_.size() < kMost; });
    }
    if (task_ == nullptr) return false;
    jobs_.push_back(std::move(job));
    task_->wake(task_);
    return true;
  }
  void begin_turn() noexcept { turn_.store(std::this_thread::get_id(), std::memory_order_relaxed); }
  void end_turn() noexcept { turn_.store({}, std::memory_order_relaxed); }
  std::unique_ptr<Job> take() {
    const std::lock_guard lock(mutex_);
    if (jobs_.empty()) return nullptr;
    auto job = std::move(jobs_.front());
    jobs_.pop_front();
    room_.notify_one();
    return job;
  }
  void close() {
    std::deque<std::unique_ptr<Job>> dropped;  // destroyed outside the lock: a job may hold a KeptTuple that posts
    {
      const std::lock_guard lock(mutex_);
      task_ = nullptr;
      dropped.swap(jobs_);
    }
    room_.notify_all();
  }

 private:
  std::mutex mutex_;
  std::condition_variable room_;
  std::deque<std::unique_ptr<Job>> jobs_;
  const gale_task* task_ = nullptr;
  std::atomic<std::thread::id> turn_;  // a thread asks only whether it is itself, so no order is needed
};

}  // namespace detail

/// Copyable; outlives its task.
class Mailbox {
 public:
  Mailbox() = default;
  explicit Mailbox(std::shared_ptr<detail::JobQueue> queue) : queue_(std::move(queue)) {}

  /// Runs `job(Collector&)` on the task's turn, soon. Any thread. False once the task is closed (or this box was never
  /// given by a context): the job is destroyed unrun. The job may hold move-only things, KeptTuples among them.
  template <class F>
  bool post(F job) const {
    return queue_ && queue_->post(std::make_unique<detail::JobOf<F>>(std::move(job)));
  }

 private:
  std::shared_ptr<detail::JobQueue> queue_;  // shared with the task and with every kept tuple of it
};

}  // namespace gale
