// SPDX-License-Identifier: Apache-2.0
//
// A folder of its own, gone with the test.
#pragma once

#include <doctest/doctest.h>

#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <sstream>
#include <string>

namespace gale::keys {

struct Scratch {
  Scratch() {
    std::string name = (std::filesystem::temp_directory_path() / "gale-keys-XXXXXX").string();
    REQUIRE(::mkdtemp(name.data()) != nullptr);
    path = name;
  }
  ~Scratch() { std::filesystem::remove_all(path); }
  Scratch(const Scratch&) = delete;
  Scratch& operator=(const Scratch&) = delete;
  std::filesystem::path path;
};

inline void write(const std::filesystem::path& file, const std::string& text) { std::ofstream(file) << text; }
inline std::string text_in(const std::filesystem::path& file) {
  std::ostringstream text;
  text << std::ifstream(file).rdbuf();
  return text.str();
}

}  // namespace gale::keys
