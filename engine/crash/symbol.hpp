// SPDX-License-Identifier: Apache-2.0
//
// The name of the function at an offset of a module, as its own symbol table has it; demangled. Not for a handler: it
// reads files and allocates. Whatever the file holds, it is checked before it is believed.
#pragma once

#include <cstdint>
#include <string>

namespace gale::crash {

/// Empty when the file cannot be read, is stripped, or has no function there.
[[nodiscard]] std::string symbol_at(const std::string& module, std::uint64_t offset);

}  // namespace gale::crash
