// SPDX-License-Identifier: Apache-2.0
//
// A folder for one test, removed with it, and the fixture plugins of the build.
#pragma once

#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <stdexcept>
#include <string>

namespace gale::test {

class Scratch {
 public:
  Scratch() {
    std::string name = (std::filesystem::temp_directory_path() / "gale-test-XXXXXX").string();
    if (::mkdtemp(name.data()) == nullptr) throw std::runtime_error("no scratch folder");
    dir_ = name;
  }
  Scratch(const Scratch&) = delete;
  Scratch& operator=(const Scratch&) = delete;
  ~Scratch() {
    std::error_code ignored;
    std::filesystem::remove_all(dir_, ignored);
  }
  [[nodiscard]] const std::filesystem::path& dir() const { return dir_; }
  std::filesystem::path write(const std::string& name, const std::string& bytes) const {
    std::ofstream(dir_ / name, std::ios::binary) << bytes;
    return dir_ / name;
  }

 private:
  std::filesystem::path dir_;
};

inline std::filesystem::path fixture(const std::string& plugin) {
  const char* build = std::getenv("GALE_BUILD");
  if (build == nullptr) throw std::runtime_error("GALE_BUILD is not set: run this test by ctest");
  return std::filesystem::path(build) / "tests" / "plugins" / (plugin + ".so");
}

inline std::string bytes_of(const std::filesystem::path& file) {
  std::ifstream in(file, std::ios::binary);
  return {std::istreambuf_iterator<char>(in), {}};
}

}  // namespace gale::test
