// SPDX-License-Identifier: Apache-2.0
//
// --keys of those who listen for others and of those who ask them: which keys are used, and when there must be some.
#pragma once

#include "engine/base/result.hpp"
#include "engine/keys/security.hpp"

#include <optional>
#include <string>

namespace gale::cli {

inline constexpr const char* kKeysExplain =
    "the folder of keys, see gale keygen (default: GALE_KEYS; for what is on another host /etc/gale/keys, of others "
    "than "
    "root ~/.config/gale/keys; for what is on this host none)";

/// The folder that is meant, for an endpoint; empty: without keys.
[[nodiscard]] std::string keys_folder(const std::string& given, const std::string& endpoint);
/// What is in it; nothing when there is none to be used. An error names the file, and what to do.
[[nodiscard]] Result<std::optional<keys::Security>> keys_in(const std::string& folder, keys::Role own,
                                                            keys::Role server);

}  // namespace gale::cli
