// SPDX-License-Identifier: Apache-2.0
//
// Positions: one rising number for every byte that a spout has read from several files, in whatever order it went from
// one to the other, and back: below which offset is each file done, when all positions below a frontier are.
// Invariant: segments follow each other without a gap. Pure; one thread.
#pragma once

#include <cstdint>
#include <deque>

namespace gale::stock::file {

using FileId = std::uint64_t;

class Positions {
 public:
  /// Bytes [from, to) of `file` were read next. Returns the position behind them.
  std::uint64_t advance(FileId file, std::uint64_t from, std::uint64_t to) {
    if (to == from) return end_;
    const bool goes_on = !segments_.empty() && segments_.back().file == file &&
                         segments_.back().offset + (end_ - segments_.back().begin) == from;
    if (!goes_on) segments_.push_back({end_, file, from});
    return end_ += to - from;
  }
  [[nodiscard]] std::uint64_t end() const noexcept { return end_; }
  [[nodiscard]] std::size_t segments() const noexcept { return segments_.size(); }

  /// All below `position` is done: calls done(file, offset) for each file that this says something new of.
  template <class Fn>
  void settle(std::uint64_t position, Fn&& done) {
    while (!segments_.empty() && segments_.front().begin < position) {
      Segment& first = segments_.front();
      const std::uint64_t segment_end = segments_.size() > 1 ? segments_[1].begin : end_;
      const std::uint64_t upto = position < segment_end ? position : segment_end;
      first.offset += upto - first.begin;
      first.begin = upto;
      done(first.file, first.offset);
      if (upto < segment_end) return;
      segments_.pop_front();
    }
  }

 private:
  struct Segment {
    std::uint64_t begin;  // position of its first byte that is not done
    FileId file;
    std::uint64_t offset;  // of that byte
  };
  std::deque<Segment> segments_;
  std::uint64_t end_ = 0;
};

}  // namespace gale::stock::file
