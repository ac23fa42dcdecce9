// SPDX-License-Identifier: Apache-2.0
//
// Keys on disk. A folder of keys holds `<role>.key` (a pair, mode 0600), `<role>.pub` (the public half) and
// `authorized/`, whose files are public keys that are let in (allow_list.hpp). A file is whole or absent: written
// beside its place, synced, moved there, and nothing that exists is ever replaced.
#pragma once

#include "engine/base/result.hpp"
#include "engine/keys/key_pair.hpp"

#include <filesystem>
#include <string>

namespace gale::keys {

/// $GALE_KEYS; else /etc/gale/keys for root, ~/.config/gale/keys for others.
[[nodiscard]] std::filesystem::path default_dir();

[[nodiscard]] std::filesystem::path key_path(const std::filesystem::path& dir, Role role);
[[nodiscard]] std::filesystem::path public_path(const std::filesystem::path& dir, Role role);
[[nodiscard]] std::filesystem::path authorized_path(const std::filesystem::path& dir);

/// Both files of a role. The folder is made with mode 0700 when it is missing. Fails when either exists.
[[nodiscard]] Result<void> write_pair(const std::filesystem::path& dir, Role role, const KeyPair& pair);
/// Lets in whoever has the other half, under `name`: a role, or a role and a dash and anything ("client-anna").
[[nodiscard]] Result<void> authorize(const std::filesystem::path& dir, const std::string& name,
                                     const std::string& public_key);

/// Refused when anybody but its owner may read it, or its halves do not belong together.
[[nodiscard]] Result<KeyPair> read_pair(const std::filesystem::path& file);
[[nodiscard]] Result<std::string> read_public(const std::filesystem::path& file);

}  // namespace gale::keys
