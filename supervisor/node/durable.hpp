// SPDX-License-Identifier: Apache-2.0
//
// Durable files: small ones that are there as before or as after, whatever happens in between: written beside, synced,
// renamed, and the folder synced. One writer a folder. Not for the hot path: a sync each.
#pragma once

#include "engine/base/result.hpp"

#include <sys/types.h>

#include <cstddef>
#include <filesystem>
#include <optional>
#include <string>
#include <string_view>

namespace gale::node {

/// Replaces the file, or leaves it as it was and says why ("cannot write PATH: No space left on device").
Result<void> write_durably(const std::filesystem::path& path, std::string_view bytes, mode_t mode = 0600);
Result<void> sync_folder(const std::filesystem::path& folder);
/// Makes it and what leads to it, for its owner alone.
Result<void> make_folder(const std::filesystem::path& folder);

/// Nothing when there is no such regular file, or it is larger than `most`.
[[nodiscard]] std::optional<std::string> read_small(const std::filesystem::path& path, std::size_t most);

/// Out of the way, to PATH.bad, where a person may look at it; returns where it is.
std::filesystem::path set_aside(const std::filesystem::path& path);

}  // namespace gale::node
