// SPDX-License-Identifier: Apache-2.0
//
// A batch as a bolt has it before it, and a folder, for tests of the crash page.
#pragma once

#include "engine/crash/page.hpp"
#include "engine/wire/record.hpp"
#include "gale/codec/write.hpp"
#include "gale/value.hpp"

#include <doctest/doctest.h>

#include <cstdlib>
#include <cstring>
#include <filesystem>
#include <string>

namespace gale::crash {

struct Folder {
  Folder() {
    std::string pattern = (std::filesystem::temp_directory_path() / "gale-test-XXXXXX").string();
    REQUIRE(::mkdtemp(pattern.data()) != nullptr);
    path = pattern;
  }
  ~Folder() { std::filesystem::remove_all(path); }
  [[nodiscard]] std::string file(const std::string& name) const { return path + "/" + name; }
  std::string path;
};

inline const std::string kLegend =
    "spout lines#0\nbolt split#0\tlines/default\nbolt split#1\tlines/default\tmore/odd\n";

inline std::string values_of(std::int64_t n, const std::string& text) {
  return codec::packed(Value(Value::Array{Value(n), Value(text)}));
}

/// A record with one root, as it stands in a batch.
inline std::string record_of(const std::string& values, std::uint16_t input, std::uint64_t root) {
  gale_in_record head{};
  head.values_at = wire::kRecordHead + wire::kAnchorBytes;
  head.size = static_cast<std::uint32_t>(head.values_at + values.size());
  head.input = input;
  std::string record(head.values_at, '\0');
  std::memcpy(record.data(), &head, sizeof head);
  wire::put_anchor(reinterpret_cast<std::uint8_t*>(record.data()), 0, {RootId(root), 1, LedgerId(0)});
  return record + values;
}

/// This thread executes input `running` of the batch.
inline void execute(const std::string& batch, std::uint32_t count, std::uint32_t running) {
  mine->first = 0;
  mine->count = count;
  mine->source = 0;
  mine->at = reinterpret_cast<const std::uint8_t*>(batch.data());
  mine->running = running;
}

}  // namespace gale::crash
