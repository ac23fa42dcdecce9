// SPDX-License-Identifier: Apache-2.0
//
// Histograms of durations, to a thirty-second of the value: buckets that are linear within each power of two (as in HDR
// histograms; our own because the hot path writes and another thread reads, without a lock, in 4.7 KB a task).
// LiveHistogram: one writer, any readers. Histogram: plain data, to add up and to ask.
#pragma once

#include <array>
#include <atomic>
#include <bit>
#include <cstddef>
#include <cstdint>
#include <vector>

namespace gale {

/// The bucket of a number of nanoseconds, up to about 18 minutes; beyond it the last one.
namespace buckets {

inline constexpr unsigned kBits = 4;  // buckets within a power of two, as a power of two
inline constexpr unsigned kMostBits = 40;
inline constexpr std::size_t kCount = (kMostBits - kBits + 1) << kBits;

[[nodiscard]] constexpr std::size_t of(std::uint64_t ns) noexcept {
  if (ns < (1u << kBits)) return static_cast<std::size_t>(ns);
  const auto width = static_cast<unsigned>(std::bit_width(ns));
  const std::size_t within = (ns >> (width - 1 - kBits)) & ((1u << kBits) - 1);
  const std::size_t bucket = (std::size_t{width - kBits} << kBits) + within;
  return bucket < kCount ? bucket : kCount - 1;
}
/// The middle of a bucket.
[[nodiscard]] constexpr double middle(std::size_t bucket) noexcept {
  if (bucket < (1u << kBits)) return static_cast<double>(bucket);
  const std::size_t shift = (bucket >> kBits) - 1;
  const std::size_t first = ((bucket & ((1u << kBits) - 1)) | (1u << kBits)) << shift;
  return static_cast<double>(first) + static_cast<double>(std::size_t{1} << shift) / 2;
}

}  // namespace buckets

class Histogram {
 public:
  void add(std::size_t bucket, std::uint64_t n) {
    if (bucket >= buckets::kCount || n == 0) return;
    if (counts_.size() <= bucket) counts_.resize(bucket + 1);
    counts_[bucket] += n;
  }
  void add(const Histogram& other) {
    for (std::size_t b = 0; b < other.counts_.size(); ++b) add(b, other.counts_[b]);
  }
  /// What came since `before`, an earlier look at the same.
  [[nodiscard]] Histogram since(const Histogram& before) const {
    Histogram d;
    for (std::size_t b = 0; b < counts_.size(); ++b) {
      const std::uint64_t was = b < before.counts_.size() ? before.counts_[b] : 0;
      d.add(b, counts_[b] > was ? counts_[b] - was : 0);
    }
    return d;
  }
  /// The value that a part `q` of all stays at or below, in nanoseconds; 0 when there is none.
  [[nodiscard]] double quantile(double q) const noexcept {
    std::uint64_t all = 0;
    for (const std::uint64_t n : counts_) all += n;
    std::uint64_t left = static_cast<std::uint64_t>(q * static_cast<double>(all));
    for (std::size_t b = 0; b < counts_.size(); ++b) {
      if (counts_[b] > left) return buckets::middle(b);
      left -= counts_[b];
    }
    return counts_.empty() ? 0 : buckets::middle(counts_.size() - 1);
  }
  /// In nanoseconds, to a sixty-fourth; 0 when there is none.
  [[nodiscard]] double mean() const noexcept {
    double sum = 0, n = 0;
    for (std::size_t b = 0; b < counts_.size(); ++b) {
      sum += static_cast<double>(counts_[b]) * buckets::middle(b);
      n += static_cast<double>(counts_[b]);
    }
    return n == 0 ? 0 : sum / n;
  }
  [[nodiscard]] bool empty() const noexcept { return counts_.empty(); }
  [[nodiscard]] const std::vector<std::uint64_t>& counts() const noexcept { return counts_; }  // by bucket

 private:
  std::vector<std::uint64_t> counts_;
};

class LiveHistogram {
 public:
  /// The writer's.
  void add(std::uint64_t ns, std::uint64_t n) noexcept {
    std::atomic<std::uint64_t>& cell = counts_[buckets::of(ns)];
    cell.store(cell.load(std::memory_order_relaxed) + n, std::memory_order_relaxed);
  }
  [[nodiscard]] Histogram read() const {
    Histogram h;
    for (std::size_t b = 0; b < counts_.size(); ++b) h.add(b, counts_[b].load(std::memory_order_relaxed));
    return h;
  }

 private:
  std::array<std::atomic<std::uint64_t>, buckets::kCount> counts_{};
};

}  // namespace gale
