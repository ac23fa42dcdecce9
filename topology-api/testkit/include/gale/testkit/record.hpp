// SPDX-License-Identifier: Apache-2.0
//
// Record: one thing that a component wrote, decoded and checked. Whatever bytes it gets, it reads none beyond them. The
// kit's own.
#pragma once

#include "gale/abi.h"
#include "gale/codec/read.hpp"
#include "gale/testkit/failure.hpp"
#include "gale/value.hpp"

#include <cstdint>
#include <cstring>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace gale::testkit::detail {

struct Record {
  gale_out_record head{};
  std::uint64_t id = 0;                // of a tracked emit
  std::uint32_t task = 0;              // of a direct emit
  std::vector<std::uint32_t> chosen;   // of emit_with_targets
  bool refused = false;                // ... that could not be routed
  std::vector<std::uint64_t> anchors;  // of an emit with a list
  std::uint64_t handle = 0;            // of ACK, FAIL, TOUCH
  std::string text;                    // of FAIL
  Value::Array values;                 // of EMIT

  [[nodiscard]] bool has(unsigned flag) const noexcept { return (head.flags & flag) != 0; }
};

class RecordReader {
 public:
  explicit RecordReader(std::string_view bytes) : rest_(bytes) {}

  /// The next one; false at the end. Throws TestFailure at what is no record.
  bool next(Record& into) {
    if (rest_.empty()) return false;
    into = {};
    need(rest_.size() >= sizeof into.head, "ends within a head");
    std::memcpy(&into.head, rest_.data(), sizeof into.head);
    need(into.head.size >= sizeof into.head && into.head.size <= rest_.size(), "is longer than what was written");
    need(into.head.values_at >= sizeof into.head && into.head.values_at <= into.head.size, "has its values elsewhere");
    bytes_ = rest_.substr(0, into.head.size);
    rest_.remove_prefix(into.head.size);
    at_ = sizeof into.head;
    if (into.head.kind == GALE_EMIT)
      emit(into);
    else
      settled(into);
    return true;
  }

 private:
  static void need(bool holds, const char* fault) {
    if (!holds) throw TestFailure(std::string("the component wrote a record that ") + fault);
  }
  template <class Int>
  Int take(std::size_t end) {
    need(at_ + sizeof(Int) <= end, "is too short for its flags");
    Int v{};
    std::memcpy(&v, bytes_.data() + at_, sizeof v);
    at_ += sizeof v;
    return v;
  }
  void emit(Record& r) {
    const std::size_t end = r.head.values_at;
    if (r.has(GALE_TRACKED)) r.id = take<std::uint64_t>(end);
    if (r.has(GALE_DIRECT)) r.task = take<std::uint32_t>(end);
    if (r.has(GALE_CHOSEN)) {
      const auto n = take<std::uint32_t>(end);
      r.refused = n == GALE_REFUSED;
      for (std::uint32_t i = 0; !r.refused && i < n; ++i) r.chosen.push_back(take<std::uint32_t>(end));
    }
    need((r.head.extra == 0) == (r.head.anchor != GALE_ANCHOR_LIST), "has anchors without a list, or the other way");
    for (std::uint16_t i = 0; i < r.head.extra; ++i) r.anchors.push_back(take<std::uint64_t>(end));
    if (r.head.anchor < GALE_ANCHOR_LIST) r.anchors.push_back(r.head.anchor);
    need(at_ == end, "has something unknown before its values");
    codec::Cursor cursor(bytes_.substr(end));
    Value row;
    need(codec::Unpack<Value>::read(cursor, row) == codec::Read::kOk && cursor.left() == 0 && row.is<Value::Array>(),
         "does not hold one msgpack array");
    r.values = row.get<Value::Array>();
  }
  void settled(Record& r) {
    need(r.head.kind == GALE_ACK || r.head.kind == GALE_FAIL || r.head.kind == GALE_TOUCH, "is of an unknown kind");
    r.handle = take<std::uint64_t>(bytes_.size());
    r.text = bytes_.substr(at_);
    need(r.handle != 0 || r.head.kind == GALE_FAIL, "settles no kept tuple");
  }

  std::string_view rest_, bytes_;
  std::size_t at_ = 0;
};

}  // namespace gale::testkit::detail
