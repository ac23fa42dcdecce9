// SPDX-License-Identifier: Apache-2.0
#include "engine/base/histogram.hpp"

#include <doctest/doctest.h>

#include <algorithm>
#include <cmath>
#include <random>
#include <vector>

using namespace gale;

TEST_CASE("A bucket is within a thirty-second of what falls into it, and buckets rise") {
  std::size_t last = 0;
  for (double value = 1; value < 1e12; value *= 1.013) {
    const auto ns = static_cast<std::uint64_t>(value);
    const std::size_t bucket = buckets::of(ns);
    CHECK(bucket >= last);
    last = bucket;
    CHECK(std::abs(buckets::middle(bucket) - static_cast<double>(ns)) <= static_cast<double>(ns) / 32 + 0.5);
  }
  CHECK(buckets::of(~std::uint64_t{0}) == buckets::kCount - 1);
  CHECK(buckets::of(0) == 0);
}

TEST_CASE("Quantiles are those of the sorted values, to a thirty-second") {
  std::mt19937_64 random(7);
  std::lognormal_distribution<double> spread(9, 2);
  LiveHistogram live;
  std::vector<double> values;
  for (int i = 0; i < 100'000; ++i) {
    const auto ns = static_cast<std::uint64_t>(spread(random));
    live.add(ns, 1);
    values.push_back(static_cast<double>(ns));
  }
  std::sort(values.begin(), values.end());
  const Histogram all = live.read();
  for (const double q : {0.0, 0.5, 0.9, 0.99, 0.999}) {
    const double exact = values[static_cast<std::size_t>(q * static_cast<double>(values.size()))];
    CHECK(all.quantile(q) == doctest::Approx(exact).epsilon(0.035));
  }
}

TEST_CASE("Histograms add up, and what came since an earlier look is told apart") {
  LiveHistogram live;
  live.add(100, 3);
  const Histogram before = live.read();
  live.add(1'000'000, 5);
  const Histogram now = live.read(), since = now.since(before);
  CHECK(since.quantile(0) == doctest::Approx(1e6).epsilon(0.04));
  CHECK(now.quantile(0) == doctest::Approx(100).epsilon(0.04));
  Histogram sum;
  sum.add(before);
  sum.add(since);
  CHECK(sum.counts() == now.counts());
  CHECK(Histogram().quantile(0.5) == 0);
  CHECK(now.since(now).empty());
}
