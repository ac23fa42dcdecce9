// SPDX-License-Identifier: Apache-2.0
//
// LineKeys: the keys that spouts of lines share, checked, and the encoding of the lines.
#pragma once

#include "line_splitter.hpp"
#include "utf8.hpp"

#include <gale/describe.hpp>
#include <gale/error.hpp>

#include <cstdint>
#include <string>
#include <string_view>

namespace gale::stock {

class LineKeys {
 public:
  static constexpr std::int64_t kMost = std::int64_t{16} << 20;  // mended, three times as long; a call may emit 64 MiB

  void describe(Describe& d) {
    d.key("max_line_bytes", max_line_bytes_, "The longest line, in bytes: 1 to 16777216. Memory is bounded by it.");
    d.key("long_lines", long_lines_, "What becomes of a longer one: cut, skip, or split into pieces. It is counted.");
    d.key("crlf", crlf_, "A line may end at \\r\\n as well as at \\n.");
    d.key("encoding", encoding_,
          "raw: the bytes as text, whatever they are; utf-8: what is no UTF-8 becomes U+FFFD; bytes: as bytes.");
    if (!d.bound()) return;
    if (max_line_bytes_ < 1 || max_line_bytes_ > kMost)
      throw Error("key 'max_line_bytes' is " + std::to_string(max_line_bytes_) + "; it may be 1 to " +
                  std::to_string(kMost));
    if (long_lines_ != "cut" && long_lines_ != "skip" && long_lines_ != "split")
      throw Error("key 'long_lines' is '" + long_lines_ + "'; it may be cut, skip or split");
    if (encoding_ != "raw" && encoding_ != "utf-8" && encoding_ != "bytes")
      throw Error("key 'encoding' is '" + encoding_ + "'; it may be raw, utf-8 or bytes");
  }

  [[nodiscard]] LineRules rules() const {
    return {static_cast<std::size_t>(max_line_bytes_),
            long_lines_ == "cut"    ? LongLine::kCut
            : long_lines_ == "skip" ? LongLine::kSkip
                                    : LongLine::kSplit,
            crlf_};
  }
  /// Calls `send` with the line as it is to be emitted: text, or bytes. True: it was mended.
  template <class Send>
  bool encoded(std::string_view line, Send&& send) {
    if (encoding_ == "bytes") {
      send(BytesView{line});
      return false;
    }
    if (encoding_ == "raw" || is_utf8(line)) {
      send(line);
      return false;
    }
    mend_utf8(line, mended_);
    send(std::string_view(mended_));
    return true;
  }

 private:
  std::int64_t max_line_bytes_ = std::int64_t{1} << 20;
  std::string long_lines_ = "cut", encoding_ = "raw";
  bool crlf_ = false;
  std::string mended_;
};

}  // namespace gale::stock
