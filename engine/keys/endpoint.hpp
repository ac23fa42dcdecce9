// SPDX-License-Identifier: Apache-2.0
//
// What an endpoint of ours may be: who can reach it, and whether that needs keys. One function judges all listeners.
#pragma once

#include "engine/base/result.hpp"

#include <optional>
#include <string>
#include <string_view>

namespace gale::keys {

[[nodiscard]] bool is_tcp(std::string_view endpoint);
/// Whether only this machine can reach it: ipc, 127.0.0.0/8, [::1]. Anything not known to be so is not.
[[nodiscard]] bool is_local(std::string_view endpoint);

/// An error unless `endpoint` can be listened at: of a known form, a path that fits, and, when other hosts can reach
/// it, with keys. The text names the command that makes them.
[[nodiscard]] Result<void> may_listen(const std::string& endpoint, bool with_keys);
/// The same for connecting, where only the form matters.
[[nodiscard]] Result<void> may_connect(const std::string& endpoint);

/// What to do about an error of bind or connect; empty when there is no advice.
[[nodiscard]] std::string advice_for(int error);

}  // namespace gale::keys
