// SPDX-License-Identifier: Apache-2.0
#include "engine/wire/data_frame.hpp"

#include "engine/wire/bytes.hpp"
#include "engine/wire/record.hpp"

namespace gale::wire {

namespace {

constexpr std::uint32_t kFlagEnd = 1, kFlagFeedback = 2;

bool begins_as_array(std::uint8_t byte) noexcept { return (byte & 0xf0) == 0x90 || byte == 0xdc || byte == 0xdd; }

Refusal check_anchors(const std::uint8_t* record, std::uint32_t bytes, std::size_t ledgers) noexcept {
  if (bytes % kAnchorBytes != 0 || bytes > kMaxRoots * kAnchorBytes) return Refusal::kAnchor;
  const std::uint8_t* const end = record + kRecordHead + bytes;
  for (const std::uint8_t* p = record + kRecordHead; p != end; p += kAnchorBytes)
    if (get<std::uint16_t>(p + 16) >= ledgers) return Refusal::kLedger;
  return Refusal::kNone;
}

Refusal check_records(const Section& section, std::uint32_t inputs, std::size_t ledgers) noexcept {
  const std::uint8_t* at = section.records;
  const std::uint8_t* const end = at + section.bytes;
  for (std::uint32_t i = 0; i < section.count; ++i) {
    if (end - at < static_cast<std::ptrdiff_t>(kRecordHead)) return Refusal::kRecord;
    const gale_in_record head = head_of(at);
    if (head.values_at < kRecordHead || head.size > static_cast<std::size_t>(end - at)) return Refusal::kRecord;
    if (head.values_at >= head.size) return Refusal::kValues;
    if (head.input >= inputs) return Refusal::kInput;
    if (head.values_at != kRecordHead) {
      const Refusal bad = check_anchors(at, head.values_at - kRecordHead, ledgers);
      if (bad != Refusal::kNone) return bad;
    }
    if (!begins_as_array(at[head.values_at])) return Refusal::kValues;
    at += head.size;
  }
  return at == end ? Refusal::kNone : Refusal::kRecord;
}

Refusal check_section(const Section& section, std::uint32_t flags, WorkerId from, const Limits& limits) noexcept {
  const std::size_t tasks = limits.worker_of.size();
  if (section.source.value >= tasks || section.dest.value >= tasks) return Refusal::kTask;
  if (limits.worker_of[section.source.value] != from || limits.worker_of[section.dest.value] != limits.me)
    return Refusal::kTask;
  if (flags > kFlagFeedback) return Refusal::kKind;  // an END is not told along feedback
  if (section.end ? section.count != 0 || section.bytes != 0 : section.count == 0) return Refusal::kEnd;
  return check_records(section, limits.inputs_of[section.dest.value], limits.worker_of_ledger.size());
}

}  // namespace

void put_section(std::uint8_t* at, const Batch& batch) noexcept {
  at = put(at, batch.source.value);
  at = put(at, batch.dest.value);
  at = put(at, batch.count);
  at = put(at, batch.bytes);
  at = put(at, (batch.end ? kFlagEnd : 0u) | (batch.feedback ? kFlagFeedback : 0u));
  put(at, std::uint32_t{0});
}

Refusal check_data(const FrameHeader& header, std::span<const std::uint8_t> body, const Limits& limits,
                   std::vector<Section>& sections) {
  if (header.sections == 0 || header.sections > body.size() / kSectionHeaderBytes) return Refusal::kSectionCount;
  sections.reserve(header.sections);
  const std::uint8_t* at = body.data();
  const std::uint8_t* const end = at + body.size();
  for (std::uint32_t i = 0; i < header.sections; ++i) {
    if (end - at < static_cast<std::ptrdiff_t>(kSectionHeaderBytes)) return Refusal::kSectionTruncated;
    Section section;
    section.source = TaskId{get<std::uint32_t>(at)};
    section.dest = TaskId{get<std::uint32_t>(at + 4)};
    section.count = get<std::uint32_t>(at + 8);
    section.bytes = get<std::uint32_t>(at + 12);
    const auto flags = get<std::uint32_t>(at + 16);
    section.end = (flags & kFlagEnd) != 0;
    section.feedback = (flags & kFlagFeedback) != 0;
    section.records = at += kSectionHeaderBytes;
    if (section.bytes > static_cast<std::size_t>(end - at)) return Refusal::kSectionTruncated;
    if (const Refusal bad = check_section(section, flags, header.from, limits); bad != Refusal::kNone) return bad;
    sections.push_back(section);
    at += section.bytes;
  }
  return at == end ? Refusal::kNone : Refusal::kTrailing;
}

}  // namespace gale::wire
