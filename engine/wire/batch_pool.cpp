// SPDX-License-Identifier: Apache-2.0
#include "engine/wire/batch_pool.hpp"

#include "engine/base/assert.hpp"

#include <cstdlib>
#include <new>

namespace gale::wire {

namespace {

constexpr std::size_t kBatchRoom = (sizeof(Batch) + 15) / 16 * 16;  // the Batch stands in front of its bytes

Batch* make(std::uint32_t capacity) {
  void* memory = std::malloc(kBatchRoom + kHeadroom + capacity);
  if (memory == nullptr) throw std::bad_alloc();
  auto* batch = new (memory) Batch;
  batch->data = static_cast<std::uint8_t*>(memory) + kBatchRoom + kHeadroom;
  batch->capacity = capacity;
  return batch;
}

void unmake(Batch* batch) noexcept {
  batch->~Batch();
  std::free(batch);
}

std::size_t class_of(std::uint32_t bytes) noexcept {
  std::size_t i = 0;
  while (i < BatchPool::kClasses.size() && BatchPool::kClasses[i] < bytes) ++i;
  return i;
}

/// As new: what the last owner wrote into the fields is gone, its room stays.
void clean(Batch* batch, BatchHome* home, std::size_t size_class) noexcept {
  std::uint8_t* const data = batch->data;
  const std::uint32_t capacity = batch->capacity;
  *batch = Batch{};
  batch->data = data;
  batch->capacity = capacity;
  batch->home = home;
  batch->token = size_class;
}

}  // namespace

BatchPool::~BatchPool() {
  ASSERT(out() == 0, "a batch outlives its pool");
  for (FreeList& list : lists_)
    while (Batch* batch = pop(list)) unmake(batch);
}

Batch* BatchPool::pop(FreeList& list) noexcept {
  Batch* const batch = list.first;
  if (batch == nullptr) return nullptr;
  list.first = batch->next;
  if (--list.count < list.least) list.least = list.count;
  return batch;
}

BatchPtr BatchPool::take(std::uint32_t bytes) {
  const std::size_t i = class_of(bytes);
  Batch* batch = nullptr;
  if (i < kClasses.size()) {
    const std::lock_guard lock(lists_[i].mutex);
    batch = pop(lists_[i]);
  }
  if (batch == nullptr) batch = make(i < kClasses.size() ? kClasses[i] : bytes);
  clean(batch, this, i);
  out_.fetch_add(1, std::memory_order_relaxed);
  return BatchPtr(batch);
}

void BatchPool::done(Batch* batch) noexcept {
  const std::size_t i = class_of(batch->capacity);  // not the token: its owner may have used it
  if (i < kClasses.size()) {
    FreeList& list = lists_[i];
    const std::lock_guard lock(list.mutex);
    if ((list.count + 1) * kClasses[i] <= max_idle_bytes_) {
      batch->next = list.first;
      list.first = batch;
      ++list.count;
      batch = nullptr;
    }
  }
  if (batch != nullptr) unmake(batch);
  out_.fetch_sub(1, std::memory_order_release);
}

void BatchPool::trim() noexcept {
  for (FreeList& list : lists_) {
    Batch* spare = nullptr;
    {
      const std::lock_guard lock(list.mutex);
      for (std::size_t n = (list.least + 1) / 2; n > 0; --n) {
        Batch* const batch = pop(list);
        batch->next = spare;
        spare = batch;
      }
      list.least = list.count;
    }
    while (spare != nullptr) {
      Batch* const next = spare->next;
      unmake(spare);
      spare = next;
    }
  }
}

std::size_t BatchPool::idle_bytes() noexcept {
  std::size_t sum = 0;
  for (std::size_t i = 0; i < lists_.size(); ++i) {
    const std::lock_guard lock(lists_[i].mutex);
    sum += lists_[i].count * kClasses[i];
  }
  return sum;
}

}  // namespace gale::wire
