// SPDX-License-Identifier: Apache-2.0
//
// A DATA frame: what check_data() lets pass can be walked record by record, as a task does, without leaving it.
#include "engine/wire/data_frame.hpp"

#include "engine/base/assert.hpp"
#include "engine/wire/record.hpp"
#include "tests/fuzz/world.hpp"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace gale;
  static const wire::Limits limits = fuzz::limits();
  std::vector<std::uint8_t> room;
  const auto judged = fuzz::judge({data, size}, wire::FrameType::kData, room);
  if (!judged || judged->header.type != wire::FrameType::kData) return 0;
  std::vector<wire::Section> sections;
  if (wire::check_data(judged->header, judged->body, limits, sections) != wire::Refusal::kNone) return 0;
  for (const wire::Section& section : sections) {
    ASSERT(limits.worker_of.at(section.dest.value) == limits.me, "a section for a task of another worker");
    const std::uint8_t* at = section.records;
    for (std::uint32_t i = 0; i < section.count; ++i) {
      const gale_in_record head = wire::head_of(at);
      for (std::uint32_t a = 0; a < wire::anchors_of(head); ++a)
        ASSERT(wire::anchor_at(at, a).ledger.value < limits.worker_of_ledger.size(), "an anchor of no ledger");
      ASSERT(head.values_at < head.size, "a record without values");
      at += head.size;
    }
    ASSERT(section.end || at == section.records + section.bytes, "records that are not what their section says");
  }
  return 0;
}
