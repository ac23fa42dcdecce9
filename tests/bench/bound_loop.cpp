// SPDX-License-Identifier: Apache-2.0
//
// bench_bound_loop THREADS COUNT: const -> identity -> null as one hand-written loop a thread, in batches of 32 KB.
// With two threads two such loops run side by side, each with half of the tuples: no hand-off between cores is cheaper
// than none. Prints tuples a second of all threads together.
#include "bound.hpp"

#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <thread>
#include <vector>

namespace bench {
namespace {

constexpr std::size_t kBatch = 32 << 10;

/// What a hop moves: filled by the sender, copied to the receiver's as a whole.
class Batch {
 public:
  const std::uint8_t* begin() const { return buffer_.data(); }
  const std::uint8_t* end() const { return end_; }
  bool full() const { return end_ >= buffer_.data() + kBatch; }
  void clear() { end_ = buffer_.data(); }
  void add(std::string_view text, std::int64_t sequence) { end_ = pack(end_, text, sequence); }
  void copy_to(Batch& receiver) const {
    const auto size = static_cast<std::size_t>(end_ - buffer_.data());
    std::memcpy(receiver.buffer_.data(), buffer_.data(), size);
    receiver.end_ = receiver.buffer_.data() + size;
  }

 private:
  std::vector<std::uint8_t> buffer_ = std::vector<std::uint8_t>(kBatch + kMost);
  std::uint8_t* end_ = buffer_.data();
};

template <class Fn>
void each_record(const Batch& batch, Fn&& fn) {
  for (const std::uint8_t* at = batch.begin(); at != batch.end();) {
    std::string_view text;
    std::int64_t sequence = 0;
    at = read(at, text, sequence);
    fn(text, sequence);
  }
}

bool loop(std::int64_t count) {
  Batch emitted, to_identity, emitted_again, to_null;
  std::int64_t next = 0, sum = 0;
  std::size_t bytes = 0;
  while (next != count) {
    for (emitted.clear(); next != count && !emitted.full(); ++next) emitted.add(kText, next);
    emitted.copy_to(to_identity);
    emitted_again.clear();
    each_record(to_identity, [&](std::string_view text, std::int64_t n) { emitted_again.add(text, n); });
    emitted_again.copy_to(to_null);
    each_record(to_null, [&](std::string_view text, std::int64_t n) {
      sum += n;
      bytes += text.size();
    });
  }
  return sum == sum_below(count) && bytes == 9 * static_cast<std::size_t>(count);
}

}  // namespace
}  // namespace bench

int main(int argc, char** argv) {
  const int threads = argc == 3 ? std::atoi(argv[1]) : 0;
  const std::int64_t each = threads > 0 ? std::atoll(argv[2]) / threads : 0;
  if (each <= 0) {
    std::fprintf(stderr, "usage: %s THREADS COUNT\n", argv[0]);
    return 2;
  }
  std::vector<char> right(static_cast<std::size_t>(threads));
  const auto begun = std::chrono::steady_clock::now();
  {
    std::vector<std::jthread> running;
    for (char& r : right) running.emplace_back([&r, each] { r = bench::loop(each) ? 1 : 0; });
  }
  const std::chrono::duration<double> seconds = std::chrono::steady_clock::now() - begun;
  for (const char r : right) {
    if (r == 0) return 1;
  }
  std::printf("%.0f\n", static_cast<double>(each * threads) / seconds.count());
  return 0;
}
