// SPDX-License-Identifier: Apache-2.0
//
// Security: what one side needs to talk with keys: its own pair, the key of those it connects to, and the folder of
// those it lets in. A process that has none talks without keys, and listens to this machine alone (endpoint.hpp).
#pragma once

#include "engine/base/result.hpp"
#include "engine/keys/key_pair.hpp"

#include <filesystem>
#include <string>

namespace gale::keys {

struct Security {
  KeyPair own;
  std::string server_key;            // of whom it connects to
  std::filesystem::path authorized;  // keys that it lets in
};

/// From a folder of keys: of role `own`, connecting to `server`. The error names the file and what to do.
[[nodiscard]] Result<Security> read_security(const std::filesystem::path& dir, Role own, Role server);
/// A folder in which `own` trusts itself: what workers that run for one topology alone need. Made when missing.
[[nodiscard]] Result<void> make_own_keys(const std::filesystem::path& dir, Role own);

}  // namespace gale::keys
