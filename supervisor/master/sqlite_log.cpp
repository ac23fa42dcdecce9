// SPDX-License-Identifier: Apache-2.0
#include "supervisor/master/sqlite_log.hpp"

#include <array>
#include <cstdint>
#include <fstream>
#include <string_view>

namespace gale::master {
namespace {

constexpr std::size_t kHeader = 32, kFrameHeader = 24;
constexpr std::uint32_t kMagic = 0x377f0682;  // its lowest bit: sums are over big-endian words

std::uint32_t big_endian(std::string_view bytes, std::size_t at) {
  std::uint32_t word = 0;
  for (std::size_t i = 0; i < 4; ++i) word = word << 8 | static_cast<unsigned char>(bytes[at + i]);
  return word;
}

/// The sum of all that came before and of what is added, in whole pairs of words.
class RunningSum {
 public:
  explicit RunningSum(bool big) : big_(big) {}
  void add(std::string_view bytes) {
    for (std::size_t at = 0; at + 8 <= bytes.size(); at += 8) {
      a_ += word(bytes, at) + b_;
      b_ += word(bytes, at + 4) + a_;
    }
  }
  [[nodiscard]] bool is(std::string_view bytes, std::size_t at) const {
    return big_endian(bytes, at) == a_ && big_endian(bytes, at + 4) == b_;
  }

 private:
  [[nodiscard]] std::uint32_t word(std::string_view bytes, std::size_t at) const {
    const std::uint32_t word = big_endian(bytes, at);
    return big_ ? word : __builtin_bswap32(word);
  }
  bool big_;
  std::uint32_t a_ = 0, b_ = 0;
};

}  // namespace

LogLoss loss_in_log(const std::string& log) {
  std::ifstream in(log, std::ios::binary);
  std::string header(kHeader, '\0');
  if (!in.read(header.data(), kHeader)) return {};
  const std::uint32_t page = big_endian(header, 8);
  if (page < 512 || page > 65536 || (page & (page - 1)) != 0) return {};
  RunningSum sum((big_endian(header, 0) & 1) != 0);
  sum.add(std::string_view(header).substr(0, 24));
  // A header that is not whole may have been under way when the log was begun anew, all of it being in the file by
  // then.
  if ((big_endian(header, 0) & ~1u) != kMagic || !sum.is(header, 24)) return {};

  bool whole = true;
  LogLoss loss;
  std::size_t ends = 0;
  std::string frame(kFrameHeader + page, '\0');
  while (in.read(frame.data(), static_cast<std::streamsize>(frame.size()))) {
    if (frame.compare(8, 8, header, 16, 8) != 0) {  // of an earlier round, or damaged itself
      whole = false;
      continue;
    }
    sum.add(std::string_view(frame).substr(0, 8));
    sum.add(std::string_view(frame).substr(kFrameHeader));
    whole = whole && sum.is(frame, 16);
    if (whole) {
      ++loss.at;
    } else if (ends != 0) {
      loss.changes = ends;  // something was written after a change that cannot be read
    }
    ++loss.frames;
    if (!whole && big_endian(frame, 4) != 0) ++ends;
  }
  if (loss.changes != 0) loss.changes = ends;
  return loss;
}

}  // namespace gale::master
