// SPDX-License-Identifier: Apache-2.0
//
// Edge ids: wyrand (github.com/wangyi-fudan/wyhash, public domain), 0.8 ns each, one generator a task, seeded from the
// kernel, since two workers with one seed would make equal edges. Never 0: an edge of 0 could not be waited for.
#pragma once

#include <sys/random.h>

#include <cstdint>

namespace gale::execute {

class EdgeSource {
 public:
  EdgeSource() {
    while (::getrandom(&state_, sizeof state_, 0) != static_cast<ssize_t>(sizeof state_)) {
    }
  }
  [[gnu::always_inline]] std::uint64_t operator()() noexcept {
    state_ += 0xa0761d6478bd642full;
    const auto product = static_cast<unsigned __int128>(state_) * (state_ ^ 0xe7037ed1a0b428dbull);
    return (static_cast<std::uint64_t>(product >> 64) ^ static_cast<std::uint64_t>(product)) | 1;
  }

 private:
  std::uint64_t state_ = 0;
};

}  // namespace gale::execute
