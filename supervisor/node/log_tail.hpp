// SPDX-License-Identifier: Apache-2.0
//
// What a worker wrote last, and how the host is. Reads files, holds nothing.
#pragma once

#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <string>

namespace gale::node {

/// At most `lines` and `bytes` of the end of a log, each line after a newline; empty when there is none.
[[nodiscard]] std::string log_tail(const std::filesystem::path& log, std::size_t lines, std::size_t bytes);

struct HostMemory {
  std::uint64_t total_bytes = 0, free_bytes = 0;
};
[[nodiscard]] HostMemory host_memory();

/// Of a process; 0 when it is gone.
[[nodiscard]] std::uint64_t rss_bytes_of(std::int64_t pid);

}  // namespace gale::node
