// SPDX-License-Identifier: Apache-2.0
//
// Reads a ledger file line by line, in order. A damaged last line is one that a kill tore: discarded and counted.
// Damage anywhere else is a finding, since an append-only file cannot have it.
#pragma once

#include "tests/cluster/format.hpp"

#include <cstdint>
#include <cstdio>
#include <memory>
#include <stdexcept>
#include <string>
#include <vector>

namespace ledger {

struct FileFacts {
  std::uint64_t lines = 0;
  bool torn = false;          // the last line
  std::uint64_t damaged = 0;  // others
};

template <class Line, class Fn>
FileFacts for_each_line(const std::string& path, Fn&& fn) {
  const std::unique_ptr<std::FILE, int (*)(std::FILE*)> file(std::fopen(path.c_str(), "rb"), std::fclose);
  if (!file) throw std::runtime_error("cannot read '" + path + "'");
  FileFacts facts;
  std::vector<Line> room(8192);
  bool bad = false;  // the line before was damaged: only the last may be
  auto* const bytes = reinterpret_cast<char*>(room.data());
  std::size_t have = 0;
  while (const std::size_t n = std::fread(bytes + have, 1, room.size() * sizeof(Line) - have, file.get())) {
    have += n;
    const std::size_t whole = have / sizeof(Line);
    for (std::size_t i = 0; i < whole; ++i) {
      if (bad) ++facts.damaged;
      bad = room[i].crc != crc_of(room[i]);
      if (bad) continue;
      ++facts.lines;
      fn(room[i]);
    }
    have -= whole * sizeof(Line);
    std::memmove(bytes, bytes + whole * sizeof(Line), have);
  }
  if (bad && have != 0) ++facts.damaged;
  facts.torn = have != 0 || bad;
  return facts;
}

}  // namespace ledger
