// SPDX-License-Identifier: Apache-2.0
//
// Decodes what a component's describe() wrote. The map comes from a plugin and is not trusted: anything of another
// shape is an error text. No state; any thread.
#pragma once

#include "topology-api/host/description.hpp"

#include <string>
#include <string_view>

namespace gale::host {

/// Fills all of `into` but name and kind from a msgpack map {doc, keys, streams, reads, tick_ms}; members that a later
/// minor added are passed over. Returns what is wrong, or an empty text.
std::string decode_description(std::string_view map, ComponentDescription& into);

}  // namespace gale::host
