// SPDX-License-Identifier: Apache-2.0
//
// What a plugin says of itself, as JSON: `gale inspect --json` prints it, `gale schema` is made from it. The plugin is
// asked in a child process, so that one that crashes, blocks or ends the process in its constructors is refused like
// any other.
#pragma once

#include "topology-api/host/plugin.hpp"

#include <nlohmann/json.hpp>

#include <functional>
#include <string>

namespace gale::cli {

using Json = nlohmann::ordered_json;

/// As one line; bytes that are not UTF-8 become U+FFFD.
[[nodiscard]] std::string line_of(const Json& json);

/// {name, version, abi, build, file, components: [{name, kind, doc, keys, reads, streams, tick_ms}]} of what `open`
/// opens, or {error}; `plugin` is what an error calls it. Ten seconds at most.
[[nodiscard]] Json describe_in_child(const std::string& plugin, const std::function<host::Opened()>& open);

}  // namespace gale::cli
