// SPDX-License-Identifier: Apache-2.0
#include "engine/execute/own_thread.hpp"

#include "engine/execute/pool.hpp"
#include "engine/execute/thread_name.hpp"

namespace gale::execute {

OwnThread::OwnThread(Pool& pool, Schedulable& task, const Clock& clock, Poller& poller)
    : pool_(pool), task_(task), clock_(clock), poller_(poller), thread_([this] { loop(); }) {}

OwnThread::~OwnThread() {
  {
    const std::lock_guard lock(lock_);
    ends_ = true;
  }
  wakes_.notify_one();
  thread_.join();
}

void OwnThread::call(const std::function<void()>& f) {
  std::unique_lock lock(lock_);
  done_.wait(lock, [this] { return call_ == nullptr; });
  call_ = &f;
  wakes_.notify_one();
  done_.wait(lock, [&] { return call_ != &f; });
}

void OwnThread::start() {
  const std::lock_guard lock(lock_);
  turns_ = true;
  wakes_.notify_one();
}

void OwnThread::stop() {
  std::unique_lock lock(lock_);
  turns_ = false;
  done_.wait(lock, [this] { return !running_; });
}

void OwnThread::wake() {
  const std::lock_guard lock(lock_);
  queued_ = true;
  wakes_.notify_one();
}

void OwnThread::hurry(TimePoint now, Duration most) {
  const std::lock_guard lock(lock_);
  if (running_ && now - since_ > most) task_.hurry();
}

std::string OwnThread::running(TimePoint by) {
  const std::lock_guard lock(lock_);
  return running_ && since_ <= by ? task_.name() : std::string();
}

void OwnThread::loop() {
  const crash::Thread in_page(pool_.page_);
  name_thread(task_.name());
  std::unique_lock lock(lock_);
  for (;;) {
    wakes_.wait(lock, [this] { return ends_ || call_ != nullptr || (queued_ && turns_); });
    if (call_ != nullptr) {
      const auto* const f = call_;
      lock.unlock();
      (*f)();
      lock.lock();
      call_ = nullptr;
      done_.notify_all();
    } else if (ends_) {
      return;
    } else {
      turn(lock);
    }
  }
}

void OwnThread::turn(std::unique_lock<std::mutex>& lock) {
  queued_ = false;
  running_ = true;
  since_ = clock_.now();
  lock.unlock();
  const bool again = pool_.run_own(task_);
  if (!again) poller_.flush(clock_.now());  // what it gathered must not wait for whoever sleeps in the poller
  lock.lock();
  queued_ = queued_ || again;
  running_ = false;
  done_.notify_all();
}

}  // namespace gale::execute
