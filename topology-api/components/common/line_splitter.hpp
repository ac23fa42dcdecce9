// SPDX-License-Identifier: Apache-2.0
//
// LineSplitter: bytes in, lines out, for whatever reads a file or a socket. It holds one line at a time, and of that no
// more than the rules allow and a chunk: a line without an end costs no memory. Bytes are not looked at but for the
// newline, so NUL, broken UTF-8 and anything else are part of a line. Pure; one thread.
#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace gale::stock {

/// What becomes of a line longer than the limit.
enum class LongLine : std::uint8_t {
  kCut,    // its beginning is handed out, the rest is not
  kSkip,   // none of it is
  kSplit,  // all of it, in pieces of the limit
};

struct LineRules {
  std::size_t max_bytes = std::size_t{1} << 20;
  LongLine long_line = LongLine::kCut;
  bool crlf = false;  // "\r\n" ends a line as "\n" does
};

class LineSplitter {
 public:
  explicit LineSplitter(LineRules rules = {}) : rules_(rules) {}

  /// Room for the next bytes of the input, never empty once next() has said that there is no line. Then filled().
  std::span<char> room() {
    const std::size_t held = end_ - begin_;
    if (begin_ > 0) std::memmove(buffer_.data(), buffer_.data() + begin_, held);
    scanned_ -= begin_;
    begin_ = 0;
    end_ = held;
    const std::size_t wanted = std::min(held + kChunk, rules_.max_bytes + kChunk);
    if (buffer_.size() < wanted) buffer_.resize(std::min(std::max(wanted, 2 * held), rules_.max_bytes + kChunk));
    return {buffer_.data() + end_, buffer_.size() - end_};
  }
  void filled(std::size_t n) noexcept { end_ += n; }

  /// The next line, without what ends it; the view is good until the next call of anything here. False: more bytes are
  /// needed.
  bool next(std::string_view& line) {
    while (begin_ < end_) {
      const char* const from = buffer_.data() + scanned_;
      const auto* const newline = static_cast<const char*>(std::memchr(from, '\n', end_ - scanned_));
      if (newline == nullptr) {
        scanned_ = end_;
        return (overlong_ || end_ - begin_ > rules_.max_bytes + 1) && too_long(line);  // one more: a '\r' perhaps
      }
      const auto at = static_cast<std::size_t>(newline - buffer_.data());
      if (ends_at(at, line)) return true;
    }
    return false;
  }
  /// At the end of the input: what stands behind the last newline. False when nothing does.
  bool rest(std::string_view& line) {
    if (!overlong_ && begin_ == end_) return false;
    return ends_at(end_, line);
  }

  /// How many bytes of the input lie before what next() has not yet handed out.
  [[nodiscard]] std::uint64_t consumed() const noexcept { return consumed_; }
  /// Where the line began that was handed out last.
  [[nodiscard]] std::uint64_t line_begin() const noexcept { return line_begin_; }
  /// There is the beginning of a line.
  [[nodiscard]] bool in_line() const noexcept { return overlong_ || begin_ != end_; }
  /// Forgets what it holds; consumed() counts on from `at`.
  void reset(std::uint64_t at = 0) {
    begin_ = end_ = scanned_ = 0;
    consumed_ = at;
    overlong_ = false;
    passed_ = 0;
    if (buffer_.size() > kKeep) std::vector<char>().swap(buffer_);
    std::string().swap(head_);
  }
  /// Lines that were longer than the limit, whatever became of them.
  [[nodiscard]] std::uint64_t long_lines() const noexcept { return long_lines_; }

 private:
  static constexpr std::size_t kChunk = std::size_t{64} << 10, kKeep = std::size_t{256} << 10;

  /// The line that ends at `at`, where a newline or the end of the input is. False: it is not handed out.
  bool ends_at(std::size_t at, std::string_view& line) {
    if (overlong_) {
      take(at < end_ ? at + 1 : at);
      consumed_ += std::exchange(passed_, 0);
      overlong_ = false;
      line = head_;
      return rules_.long_line == LongLine::kCut;
    }
    std::size_t n = at - begin_;
    if (rules_.crlf && n > 0 && buffer_[at - 1] == '\r') --n;
    line = {buffer_.data() + begin_, std::min(n, rules_.max_bytes)};
    if (n <= rules_.max_bytes) {
      take(at < end_ ? at + 1 : at);
      return true;
    }
    if (rules_.long_line == LongLine::kSplit) return piece();
    ++long_lines_;
    take(at < end_ ? at + 1 : at);
    return rules_.long_line == LongLine::kCut;
  }
  /// The line in the buffer is longer than the limit, and its end is not there yet.
  bool too_long(std::string_view& line) {
    line = {buffer_.data() + begin_, rules_.max_bytes};
    if (rules_.long_line == LongLine::kSplit) return piece();
    if (!overlong_) {
      ++long_lines_;
      overlong_ = true;
      if (rules_.long_line == LongLine::kCut) head_.assign(line);
    }
    passed_ += end_ - begin_;  // not consumed before its end is seen: a crash now must begin the line again
    begin_ = end_ = scanned_ = 0;
    return false;
  }
  bool piece() {
    if (!in_pieces_) ++long_lines_;
    in_pieces_ = true;
    line_begin_ = consumed_;
    begin_ += rules_.max_bytes;
    consumed_ += rules_.max_bytes;
    scanned_ = std::max(scanned_, begin_);
    return true;
  }
  void take(std::size_t to) {
    line_begin_ = consumed_;
    consumed_ += to - begin_;
    begin_ = scanned_ = to;
    in_pieces_ = false;
  }

  LineRules rules_;
  std::vector<char> buffer_;
  std::size_t begin_ = 0, end_ = 0, scanned_ = 0;  // scanned: no newline before it
  std::uint64_t consumed_ = 0, line_begin_ = 0, passed_ = 0, long_lines_ = 0;
  bool overlong_ = false, in_pieces_ = false;
  std::string head_;  // of the overlong line, when it is to be cut
};

}  // namespace gale::stock
