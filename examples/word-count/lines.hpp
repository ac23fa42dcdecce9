// SPDX-License-Identifier: Apache-2.0
//
// LineReader: the lines of several files, one after the other, without copying those that lie whole in its buffer.
// A line without an end is handed out in pieces of about 64 KB, cut between words, so that no file makes a tuple huge.
#pragma once

#include "letters.hpp"

#include <cerrno>
#include <cstdio>
#include <cstring>
#include <memory>
#include <stdexcept>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace words {

class LineReader {
 public:
  explicit LineReader(std::vector<std::string> paths = {}) : paths_(std::move(paths)) {}

  /// The next line without its newline, valid until the next call; false at the end of the last file.
  /// Throws std::runtime_error when a file cannot be read; the next call goes on at the same place.
  bool next(std::string_view& line) {
    if (std::exchange(handed_out_, false)) long_line_.clear();
    for (;;) {
      if (take_line(line)) return true;
      if (fill()) continue;
      if (!long_line_.empty()) {  // the file ended without a newline
        line = hand_out();
        return true;
      }
      if (current_ == paths_.size()) return false;
    }
  }

 private:
  static constexpr std::size_t kPiece = 64 << 10;

  // What is left of the buffer up to a newline, or, when a line has grown long, up to a place between words.
  bool take_line(std::string_view& line) {
    if (at_ == end_) return false;
    const char* const begin = buffer_.data() + at_;
    const auto* const newline = static_cast<const char*>(std::memchr(begin, '\n', end_ - at_));
    const std::size_t n = newline == nullptr ? end_ - at_ : static_cast<std::size_t>(newline - begin);
    at_ += newline == nullptr ? n : n + 1;
    if (newline != nullptr && long_line_.empty()) {
      line = {begin, n};
      return true;
    }
    long_line_.append(begin, n);
    if (newline == nullptr && (long_line_.size() < kPiece || !cut_between_words())) return false;
    line = hand_out();
    return true;
  }
  std::string_view hand_out() {
    handed_out_ = true;
    return long_line_;
  }
  // Gives the word that the buffer ended in back to the buffer; false when that is all there is.
  bool cut_between_words() {
    std::size_t keep = long_line_.size();
    while (keep > 0 && is_letter(long_line_[keep - 1])) --keep;
    const std::size_t back = long_line_.size() - keep;
    if (keep == 0 || back > at_) return false;
    at_ -= back;
    long_line_.resize(keep);
    return true;
  }
  // More bytes of the current file; at its end the next one is current. False at the end of a file.
  bool fill() {
    if (current_ == paths_.size()) return false;
    if (!file_) file_.reset(std::fopen(paths_[current_].c_str(), "rb"));
    if (!file_) throw std::runtime_error("cannot read '" + paths_[current_] + "': " + std::strerror(errno));
    at_ = 0;
    end_ = std::fread(buffer_.data(), 1, buffer_.size(), file_.get());
    if (end_ > 0) return true;
    if (std::ferror(file_.get()) != 0) {  // stays where it is, so that no line is read twice
      std::clearerr(file_.get());
      throw std::runtime_error("cannot read on in '" + paths_[current_] + "': " + std::strerror(errno));
    }
    file_.reset();
    ++current_;
    return false;
  }

  struct Close {
    void operator()(std::FILE* f) const noexcept { std::fclose(f); }
  };
  std::vector<std::string> paths_;
  std::size_t current_ = 0, at_ = 0, end_ = 0;
  std::unique_ptr<std::FILE, Close> file_;
  std::string long_line_;    // pieced together from several buffers
  bool handed_out_ = false;  // and returned, so that the next call begins anew
  std::string buffer_ = std::string(kPiece, '\0');
};

}  // namespace words
