// SPDX-License-Identifier: Apache-2.0
#include "engine/execute/pool.hpp"

#include "engine/execute/thread_name.hpp"

#include <pthread.h>
#include <unistd.h>

#include <algorithm>
#include <functional>
#include <string>
#include <utility>

namespace gale::execute {
namespace {

constexpr std::uint64_t kWorthWaking = 64 * 1024;               // bytes: tens of microseconds of work
constexpr Duration kLookEvery = std::chrono::microseconds(50);  // at the poller, between turns
constexpr Duration kExtraLinger = std::chrono::seconds(1);

thread_local Pool* this_pool = nullptr;
thread_local std::uint32_t this_worker = 0;
thread_local const Schedulable* this_task = nullptr;

std::string name_of(std::uint32_t thread) { return "gale pool " + std::to_string(thread); }

}  // namespace

Pool::Pool(std::uint32_t threads, const Clock& clock, Poller& poller, crash::Page* page)
    : clock_(clock),
      poller_(poller),
      page_(page),
      threads_(threads != 0 ? threads : std::max(1u, std::thread::hardware_concurrency())) {
  for (std::uint32_t i = 0; i < threads_; ++i) workers_.push_back(std::make_unique<Worker>());
}

Pool::~Pool() { stop(); }

void Pool::start() {
  const std::lock_guard lock(lock_);
  for (std::uint32_t i = 0; i < threads_; ++i) start_thread(i);
  for (const auto& own : own_) own->start();
  monitor_ = std::thread([this] { monitor(); });
}

void Pool::start_thread(std::uint32_t self) {  // under lock_
  Worker& worker = *workers_[self];
  if (worker.thread.joinable()) worker.thread.join();  // it retired
  worker.retired = false;
  ++living_;
  worker.thread = std::thread([this, self] { loop(self); });
}

std::uint32_t Pool::living() {
  const std::lock_guard lock(lock_);
  return living_;
}

void Pool::pin(Schedulable& task) {
  task.own_ = own_.emplace_back(std::make_unique<OwnThread>(*this, task, clock_, poller_)).get();
}

void Pool::call(Schedulable& task, const std::function<void()>& f) {
  const auto known = [&] {
    this_task = &task;
    f();
    this_task = nullptr;
  };
  if (task.own_ == nullptr) {
    const crash::Thread in_page(page_);
    return known();
  }
  task.own_->call(known);
}

std::vector<std::string> Pool::running(Duration least) {
  std::vector<std::string> names;
  const TimePoint before = clock_.now() - least;
  const std::lock_guard lock(lock_);
  for (const auto& worker : workers_) {
    if (worker->running != nullptr && worker->since <= before) names.push_back(worker->running->name());
  }
  for (const auto& own : own_) {
    if (std::string name = own->running(before); !name.empty()) names.push_back(std::move(name));
  }
  return names;
}

const Schedulable* Pool::running_here() noexcept { return this_task; }

void Pool::stop() {
  {
    const std::lock_guard lock(lock_);
    stopping_ = true;
    for (auto& w : workers_) w->idle.notify_all();
    monitor_wakes_.notify_all();
  }
  poller_.poke();
  if (monitor_.joinable()) monitor_.join();  // first: it starts threads
  for (auto& w : workers_) {
    if (w->thread.joinable()) w->thread.join();
  }
  for (const auto& own : own_) own->stop();
}

void Pool::wake(Schedulable& task) {
  using State = Schedulable::State;
  State seen = task.state_.load(std::memory_order_acquire);
  for (;;) {
    if (seen == State::kQueued || seen == State::kAgain) {
      // Publishes what the waker did before it found the task awake already: the turn to come reads it.
      if (task.state_.compare_exchange_weak(seen, seen, std::memory_order_acq_rel)) return;
      continue;
    }
    const State wanted = seen == State::kIdle ? State::kQueued : State::kAgain;
    if (!task.state_.compare_exchange_weak(seen, wanted, std::memory_order_acq_rel)) continue;
    if (wanted == State::kAgain) return;
    std::unique_lock lock(lock_);
    enqueue(task);
    return;
  }
}

void Pool::enqueue(Schedulable& task) {
  if (task.own_ != nullptr) return task.own_->wake();
  const bool outside = this_pool != this;
  const std::uint32_t to = outside ? task.home_ : this_worker;
  workers_[to]->queue.push_back(&task);
  ++queued_;
  if (outside && busy_ < living_) help();
}

void Pool::wake_at(Schedulable& task, TimePoint when) {
  const std::lock_guard lock(lock_);
  set_timer(task, when);
}

void Pool::set_timer(Schedulable& task, TimePoint when) {
  if (task.timer_ == when) return;
  if (task.timer_ == TimePoint::max()) ++armed_;
  task.timer_ = when;
  if (when == TimePoint::max()) {
    --armed_;
    return;
  }
  const bool first = timers_.empty() || when < timers_.front().when;
  if (timers_.size() >= 64 + 4 * armed_) forget_void_timers();
  timers_.push_back({when, &task});
  std::push_heap(timers_.begin(), timers_.end(), std::greater<>());
  if (first && waiting_in_poller_ && when < poller_until_) poller_.poke();
}

/// A timer that is moved leaves a void entry behind, which may stand for hours.
void Pool::forget_void_timers() {
  std::erase_if(timers_, [](const Timer& t) { return t.task->timer_ != t.when; });
  const auto key = [](const Timer& t) { return std::pair(t.when, t.task); };
  std::sort(timers_.begin(), timers_.end(), [&](const Timer& a, const Timer& b) { return key(a) < key(b); });
  const auto same = [&](const Timer& a, const Timer& b) { return key(a) == key(b); };  // moved away and back
  timers_.erase(std::unique(timers_.begin(), timers_.end(), same), timers_.end());     // sorted, so still a heap
}

void Pool::fire_timers(TimePoint now) {  // under lock_
  while (!timers_.empty() && timers_.front().when <= now) {
    const Timer due = timers_.front();
    std::pop_heap(timers_.begin(), timers_.end(), std::greater<>());
    timers_.pop_back();
    if (due.task->timer_ != due.when) continue;
    due.task->timer_ = TimePoint::max();
    --armed_;
    using State = Schedulable::State;
    State seen = due.task->state_.load(std::memory_order_acquire);
    while (seen == State::kIdle || seen == State::kRunning) {
      const State wanted = seen == State::kIdle ? State::kQueued : State::kAgain;
      if (!due.task->state_.compare_exchange_weak(seen, wanted, std::memory_order_acq_rel)) continue;
      if (wanted == State::kQueued) enqueue(*due.task);
      break;
    }
  }
}

void Pool::loop(std::uint32_t self) {
  const crash::Thread in_page(page_);
  this_pool = this;
  this_worker = self;
  name_thread(name_of(self));
  std::unique_lock lock(lock_);
  Worker& me = *workers_[self];
  ::pthread_getcpuclockid(::pthread_self(), &me.cpu_clock);
  me.tid = ::gettid();
  me.entry = page_ == nullptr ? nullptr : crash::mine;
  ++busy_;
  wake_monitor();
  me.turn_end = clock_.now();
  while (!stopping_) {
    Schedulable* task = next_task(self);
    if (task == nullptr) {
      wait(self, lock);
      if (me.retired) break;
      continue;
    }
    me.running = task;
    me.since = me.turn_end;
    lock.unlock();
    const bool again = run(me, *task);
    lock.lock();
    me.running = nullptr;
    if (__builtin_expect(me.looked_at, 0)) note_unblocked(me);
    after_turn(self, *task, again);
    if (TimePoint(Duration(looked_at_.load(std::memory_order_relaxed))) + kLookEvery <= me.turn_end) {
      look(me.turn_end, lock);
    }
  }
  --busy_;
}

bool Pool::run(Worker& me, Schedulable& task) {
  // Pairs with wake()'s release on a queued task: what its wakers did is visible from here on.
  task.state_.exchange(Schedulable::State::kRunning, std::memory_order_acq_rel);
  this_task = &task;
  me.turn = task.run(clock_.now());
  this_task = nullptr;
  me.turn_end = clock_.now();
  return me.turn.again;
}

bool Pool::run_own(Schedulable& task) {
  using State = Schedulable::State;
  task.state_.exchange(State::kRunning, std::memory_order_acq_rel);
  this_task = &task;
  const Turn turn = task.run(clock_.now());
  this_task = nullptr;
  State running = State::kRunning;
  if (!turn.again && task.state_.compare_exchange_strong(running, State::kIdle, std::memory_order_acq_rel)) {
    wake_at(task, turn.wake_at);
    return false;
  }
  task.state_.exchange(State::kQueued, std::memory_order_acq_rel);
  return true;
}

void Pool::note_unblocked(Worker& me) {  // under lock_
  me.looked_at = false;
  if (!me.blocked) return;
  me.blocked = false;
  --blocked_;
  name_thread(name_of(this_worker));
}

void Pool::after_turn(std::uint32_t self, Schedulable& task, bool again) {
  using State = Schedulable::State;
  task.home_ = self;
  State running = State::kRunning;
  if (!again && task.state_.compare_exchange_strong(running, State::kIdle, std::memory_order_acq_rel)) {
    set_timer(task, workers_[self]->turn.wake_at);
  } else {
    task.state_.exchange(State::kQueued, std::memory_order_acq_rel);  // reads what the last waker published
    workers_[self]->queue.push_back(&task);
    ++queued_;
  }
  if (queued_ > 0 && busy_ < living_ && worth_help(self)) help();
}

bool Pool::worth_help(std::uint32_t self) const {
  std::uint64_t bytes = 0;
  std::size_t looked = 0;
  for (const Schedulable* t : workers_[self]->queue) {
    bytes += t->backlog();
    if (bytes >= kWorthWaking && looked > 0) return true;  // the first in the queue is ours to run
    if (++looked == 4) break;
  }
  return false;
}

Schedulable* Pool::next_task(std::uint32_t self) {
  Schedulable* task = nullptr;
  auto& own = workers_[self]->queue;
  if (!own.empty()) {
    task = own.front();
    own.pop_front();
  } else {
    Worker* fullest = nullptr;
    for (auto& w : workers_) {
      if (!w->queue.empty() && (fullest == nullptr || w->queue.size() > fullest->queue.size())) fullest = w.get();
    }
    if (fullest == nullptr) return nullptr;
    task = fullest->queue.back();  // its owner takes from the front, whose batches are warm
    fullest->queue.pop_back();
  }
  --queued_;
  return task;
}

void Pool::wait(std::uint32_t self, std::unique_lock<std::mutex>& lock) {
  --busy_;
  Worker& me = *workers_[self];
  if (waiting_in_poller_) {
    lock.unlock();
    poller_.flush(clock_.now());  // what this thread's tasks gathered must not wait for the sleeper in the poller
    lock.lock();
    if (queued_ > 0 || !waiting_in_poller_ || stopping_) {
      ++busy_;
      return;
    }
    me.parked = true;
    const auto called = [&] { return !me.parked || stopping_; };
    if (surplus() && !me.idle.wait_for(lock, kExtraLinger, called) && retire(me)) return;
    me.idle.wait(lock, called);
    me.parked = false;
  } else {
    waiting_in_poller_ = true;
    const TimePoint until = timers_.empty() ? TimePoint::max() : timers_.front().when;
    poller_until_ = until;
    lock.unlock();
    look_and_wait(until);
    lock.lock();
    waiting_in_poller_ = false;
    fire_timers(clock_.now());
  }
  me.turn_end = clock_.now();
  ++busy_;
  wake_monitor();
}

/// Its thread ends: nobody blocks any more, and there are enough without it.
bool Pool::retire(Worker& me) {
  if (!surplus()) return false;
  me.parked = false;
  me.retired = true;
  --living_;
  ++busy_;  // as loop() has it when it leaves
  return true;
}

void Pool::look_and_wait(TimePoint until) {
  const std::lock_guard polling(polling_);
  const TimePoint now = clock_.now();
  poller_.wait(now, until);
  looked_at_.store(clock_.now().time_since_epoch().count(), std::memory_order_relaxed);
}

void Pool::look(TimePoint now, std::unique_lock<std::mutex>& lock) {
  fire_timers(now);
  if (waiting_in_poller_) return;
  lock.unlock();
  {
    const std::unique_lock polling(polling_, std::try_to_lock);
    if (polling) {
      poller_.wait(now, now);
      looked_at_.store(now.time_since_epoch().count(), std::memory_order_relaxed);
    }
  }
  lock.lock();
  if (waiting_in_poller_) poller_.poke();  // one has gone to sleep meanwhile, and its poke may have come to us
}

void Pool::help() {  // under lock_
  for (auto& w : workers_) {
    if (!w->parked) continue;
    w->parked = false;
    w->idle.notify_one();
    return;
  }
  if (waiting_in_poller_) poller_.poke();
}

}  // namespace gale::execute
