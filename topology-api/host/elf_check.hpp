// SPDX-License-Identifier: Apache-2.0
//
// Reads a plugin's file before any of its code runs: dlopen runs constructors and answers a bad file with a riddle, or
// with SIGBUS when it is truncated. What is wrong is said here, in words, from the ELF headers and the Gale note.
// No state; any thread.
#pragma once

#include "gale/abi.h"

#include <filesystem>
#include <string>

namespace gale::host {

struct Checked {
  gale_note note{};
  std::string error;  // empty: a whole shared library for this machine, with a note of our ABI major, no newer minor
};

/// Looks at the headers alone, a few KB whatever the file's size. Errors do not repeat the path.
Checked check_elf(const std::filesystem::path& file);

}  // namespace gale::host
