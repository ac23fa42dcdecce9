// SPDX-License-Identifier: Apache-2.0
#include "engine/wire/batch_pool.hpp"

#include <doctest/doctest.h>

#include <cstring>
#include <thread>
#include <vector>

namespace gale::wire {
namespace {

TEST_CASE("a batch has the room asked for and the headroom of a frame in front of it") {
  BatchPool pool;
  for (const std::uint32_t bytes : {0u, 1u, 512u, 513u, 5000u, 131072u, 131073u, 1u << 20}) {
    const BatchPtr batch = pool.take(bytes);
    REQUIRE(batch->capacity >= bytes);
    CHECK(batch->bytes == 0);
    CHECK(batch->count == 0);
    std::memset(batch->data - kHeadroom, 1, kHeadroom + batch->capacity);  // a sanitizer watches
  }
  CHECK(pool.out() == 0);
}

TEST_CASE("a batch that comes home is lent again, as new") {
  BatchPool pool;
  BatchPtr batch = pool.take(4000);
  Batch* const first = batch.get();
  batch->bytes = batch->count = 5;
  batch->end = true;
  batch->token = 99;
  batch.reset();
  batch = pool.take(4096);
  CHECK(batch.get() == first);
  CHECK(batch->bytes == 0);
  CHECK_FALSE(batch->end);
  CHECK(batch->capacity == 4096);
}

TEST_CASE("idle memory is bounded, and given back when nobody needs it") {
  BatchPool pool(10 * 4096);
  std::vector<BatchPtr> batches;
  for (int i = 0; i < 100; ++i) batches.push_back(pool.take(4096));
  CHECK(pool.idle_bytes() == 0);
  batches.clear();
  CHECK(pool.idle_bytes() == 10 * 4096);
  pool.trim();  // the low mark is the emptiness before
  for (int i = 0; i < 8; ++i) pool.trim();
  CHECK(pool.idle_bytes() == 0);
}

TEST_CASE("a large batch goes back to the system at once") {
  BatchPool pool;
  { const BatchPtr batch = pool.take(1 << 20); }
  CHECK(pool.idle_bytes() == 0);
  CHECK(pool.out() == 0);
}

TEST_CASE("threads take and give at once") {
  BatchPool pool;
  std::vector<std::jthread> threads;
  for (int t = 0; t < 4; ++t)
    threads.emplace_back([&pool, t] {
      std::vector<BatchPtr> mine;
      for (int i = 0; i < 20000; ++i) {
        mine.push_back(pool.take(static_cast<std::uint32_t>(i * 37 % 70000)));
        mine.back()->data[0] = static_cast<std::uint8_t>(t);
        if (mine.size() > 10) {
          for (const BatchPtr& batch : mine) REQUIRE(batch->data[0] == t);
          mine.clear();
        }
      }
    });
  threads.clear();
  CHECK(pool.out() == 0);
}

}  // namespace
}  // namespace gale::wire
