// SPDX-License-Identifier: Apache-2.0
//
// Batch: inputs in the form in which a host gives them to a bolt. Its bytes end where they end and go away with it, so
// that a sanitizer sees a read beyond a tuple and a view that outlives execute. The kit's own.
#pragma once

#include "gale/abi.h"
#include "gale/codec/write.hpp"
#include "gale/testkit/ledger.hpp"
#include "gale/value.hpp"

#include <cstddef>
#include <cstdint>
#include <cstring>
#include <memory>
#include <string>
#include <utility>
#include <vector>

namespace gale::testkit::detail {

class Batch {
 public:
  /// `inputs` come from source number `source`.
  Batch(std::vector<GivenPtr> inputs, std::uint16_t source) : given(std::move(inputs)), verdicts(given.size()) {
    std::string all;
    for (const GivenPtr& one : given) {
      const std::string values = codec::packed(Value(one->values));
      const gale_in_record head{static_cast<std::uint32_t>(kValuesAt + values.size()), kValuesAt, source};
      offsets_.push_back(all.size());
      all.append(reinterpret_cast<const char*>(&head), sizeof head);
      all.append(kOwn, '\xcd');
      all += values;
    }
    bytes_.reset(new std::uint8_t[all.size()]);
    std::memcpy(bytes_.get(), all.data(), all.size());
    table.size = sizeof table;
    table.count = static_cast<std::uint32_t>(given.size());
    table.at = bytes_.get();
    table.end = table.at + all.size();
    table.verdict = verdicts.data();
  }
  Batch(const Batch&) = delete;
  Batch& operator=(const Batch&) = delete;

  bool keep(std::uint32_t number, Ledger& ledger, gale_kept& into) const {
    if (number >= given.size()) return false;
    const std::uint8_t* const record = bytes_.get() + offsets_[number];
    gale_in_record head;
    std::memcpy(&head, record, sizeof head);
    return ledger.keep(given[number], record + head.values_at, record + head.size, into);
  }

  std::vector<GivenPtr> given;
  std::vector<std::uint8_t> verdicts;
  gale_batch table{};

 private:
  static constexpr std::size_t kOwn = 18;  // bytes of the host's own before the values, for a component to pass over
  static constexpr std::uint16_t kValuesAt = sizeof(gale_in_record) + kOwn;

  std::vector<std::size_t> offsets_;
  std::unique_ptr<std::uint8_t[]> bytes_;
};

}  // namespace gale::testkit::detail
