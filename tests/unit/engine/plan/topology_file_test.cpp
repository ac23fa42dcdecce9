// SPDX-License-Identifier: Apache-2.0
//
// Topology files on disk: those that cannot be read, and the bad ones of tests/cases/bad-topology, each NAME.yaml with
// what `gale validate` must print in NAME.expected. Adding a case needs no C++.
#include "tests/unit/engine/plan/fake_catalog.hpp"

#include <doctest/doctest.h>

#include <unistd.h>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <iterator>

namespace gale::plan {
namespace {

namespace fs = std::filesystem;

std::string contents(const fs::path& path) {
  std::ifstream in(path, std::ios::binary);
  return {std::istreambuf_iterator<char>(in), {}};
}

class TemporaryFolder {
 public:
  TemporaryFolder() {
    std::string name = (fs::temp_directory_path() / "gale-plan-XXXXXX").string();
    REQUIRE(::mkdtemp(name.data()) != nullptr);
    path_ = name;
  }
  ~TemporaryFolder() { fs::remove_all(path_); }
  TemporaryFolder(const TemporaryFolder&) = delete;
  TemporaryFolder& operator=(const TemporaryFolder&) = delete;

  [[nodiscard]] std::string file(const std::string& name, const std::string& text) const {
    std::ofstream(path_ / name, std::ios::binary) << text;
    return (path_ / name).string();
  }
  [[nodiscard]] std::string path() const { return path_.string(); }

 private:
  fs::path path_;
};

std::string report_of_file(const std::string& path) {
  FakeCatalog catalog;
  const Topology topology = read_topology_file(path, {}, {});
  CHECK(topology.file == path);
  return report(make_plan(topology, catalog), "F");
}

TEST_CASE("A file that cannot be read is one clear fault") {
  const TemporaryFolder folder;
  CHECK(report_of_file(folder.path() + "/none.yaml") == "F: cannot open the topology: No such file or directory\n");
  CHECK(report_of_file(folder.path()) == "F: is a directory; name the topology file in it\n");
  CHECK(report_of_file(folder.file("large.yaml", std::string(10u << 20, 'a'))) ==
        "F:1:1: too large: 10485760 bytes, a file has at most 1048576\n");
  if (::geteuid() == 0) return;  // root may read everything
  const std::string secret = folder.file("secret.yaml", "name: t\n");
  fs::permissions(secret, fs::perms::none);
  CHECK(report_of_file(secret) == "F: cannot open the topology: Permission denied\n");
}

TEST_CASE("A good file is read") {
  const TemporaryFolder folder;
  const std::string path = folder.file(
      "good.yaml", "name: t\nplugins: [words]\nspouts: [{id: s, className: words.Lines, properties: {path: x}}]\n");
  CHECK(report_of_file(path) == "F: ok: 1 spouts, 0 bolts, 1 tasks, 1 workers\n");
}

TEST_CASE("Every bad topology is refused with exactly the faults that are expected") {
  const char* source = std::getenv("GALE_SOURCE");
  REQUIRE(source != nullptr);
  int cases = 0;
  for (const fs::directory_entry& entry : fs::directory_iterator(fs::path(source) / "tests/cases/bad-topology")) {
    if (entry.path().extension() != ".yaml") continue;
    fs::path expected = entry.path();
    expected.replace_extension(".expected");
    CAPTURE(entry.path().filename().string());
    CHECK(fs::exists(expected));
    CHECK(report_of_file(entry.path().string()) == contents(expected));
    ++cases;
  }
  CHECK(cases >= 10);
}

}  // namespace
}  // namespace gale::plan
