// SPDX-License-Identifier: Apache-2.0
//
// The code of the kit's README is code that was compiled and run: shown_test.cpp.
#include <doctest/doctest.h>

#include <cstdlib>
#include <fstream>
#include <iterator>
#include <string>
#include <vector>

namespace {

std::string text_of(const std::string& path) {
  const char* const source = std::getenv("GALE_SOURCE");
  REQUIRE(source != nullptr);
  std::ifstream in(source + ("/" + path));
  return {std::istreambuf_iterator<char>(in), std::istreambuf_iterator<char>()};
}

std::vector<std::string> code_blocks(const std::string& page) {
  const std::string fence = "```cpp\n", end = "```\n";
  std::vector<std::string> all;
  for (std::size_t at = page.find(fence); at != std::string::npos; at = page.find(fence, at)) {
    at += fence.size();
    all.push_back(page.substr(at, page.find(end, at) - at));
  }
  return all;
}

TEST_CASE("Every block of code in the README stands in a test") {
  const std::string tests = text_of("tests/unit/topology-api/testkit/shown_test.cpp");
  const std::vector<std::string> blocks = code_blocks(text_of("topology-api/testkit/README.md"));
  CHECK(blocks.size() >= 4);
  for (const std::string& block : blocks) {
    INFO(block);
    CHECK(tests.find(block) != std::string::npos);
  }
}

}  // namespace
