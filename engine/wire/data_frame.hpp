// SPDX-License-Identifier: Apache-2.0
//
// The body of a DATA frame: sections, each the records of one source task for one destination task as they stood in
// memory (record.hpp), or the END of that pair.
// Invariants: what check_data() accepts can be walked by anybody without another check of sizes; the values inside a
// record are only known to begin as a msgpack array, their readers check the rest.
#pragma once

#include "engine/wire/batch.hpp"
#include "engine/wire/frame.hpp"

#include <cstdint>
#include <span>
#include <vector>

namespace gale::wire {

/// A section as it stands in a frame that somebody keeps.
struct Section {
  TaskId source, dest;
  std::uint32_t count = 0, bytes = 0;
  bool end = false, feedback = false;
  const std::uint8_t* records = nullptr;
};

/// Credit that a batch takes: its bytes, and what its handling costs memory even when it is tiny. END takes none.
inline constexpr std::uint32_t kBatchCharge = 256;
[[nodiscard]] inline std::uint64_t charge_of(std::uint32_t bytes, bool end) noexcept {
  return end ? 0 : std::uint64_t{bytes} + kBatchCharge;
}

/// Writes the header of a section (kSectionHeaderBytes).
void put_section(std::uint8_t* at, const Batch& batch) noexcept;

/// Finds and checks every section and every record of a body that came from `header.from`. Appends to `sections`, whose
/// content is meaningless when the answer is a refusal. 2 to 2.5 ns a record, most of it the walk from size to size.
[[nodiscard]] Refusal check_data(const FrameHeader& header, std::span<const std::uint8_t> body, const Limits& limits,
                                 std::vector<Section>& sections);

}  // namespace gale::wire
